import { existsSync } from "node:fs";
import path from "node:path";
import { readJson } from "@mien/cli";
import { z } from "zod";
import type { SourceModel } from "./hub-model.ts";

const figures = z.object({
  images: z.number().optional(),
  accuracy: z.number(),
  macroF1: z.number().optional(),
  meanRecall: z.number().optional(),
});
const splitFigures = z.object({ ...figures.shape, byVotes: figures.optional() });
const metrics = z.object({ validation: splitFigures.optional(), test: splitFigures.optional() });

const training = z.object({
  data: z.object({ name: z.string(), licence: z.string() }),
  split: z.string().optional(),
});

const releaseIndex = z.object({
  models: z.record(
    z.string(),
    z.object({
      description: z.string(),
      files: z.object({ fp32: z.object({ sha256: z.string() }) }),
      metrics,
    }),
  ),
});

/** The figures of a model for one split, by labels or by votes. Shares are 0–1. */
export interface FigureRow extends z.infer<typeof figures> {
  readonly split: string;
  readonly by: "labels" | "votes";
}

/** What the card says about a model. */
export interface HubFacts {
  /** One sentence about the model; undefined if it is not released. */
  readonly description: string | undefined;
  /** Name and licence of the data set; undefined if the file does not name them. */
  readonly data: { readonly name: string; readonly licence: string } | undefined;
  readonly figures: readonly FigureRow[];
  /** The model card beside the file; undefined if there is none. */
  readonly card: string | undefined;
}

/**
 * Collects what the card says: the figures in the release index beside a released model, else those in
 * the file itself.
 *
 * @param card the content of the model card beside the file.
 */
export async function readFacts(source: SourceModel, card: string | undefined): Promise<HubFacts> {
  const released = await findReleased(source);
  const stated = metrics.safeParse(released?.metrics ?? source.metadata.metrics).data ?? {};
  const trained = training.safeParse(source.metadata.training).data;
  const official = trained?.split === "official";
  const rows = [
    { figures: stated.test, split: official ? "PrivateTest" : "test" },
    { figures: stated.validation, split: official ? "PublicTest" : "validation" },
  ].flatMap(({ figures, split }): FigureRow[] => {
    if (figures === undefined) return [];
    const { byVotes, ...labels } = figures;
    const votes = byVotes === undefined ? [] : [{ ...byVotes, split, by: "votes" as const }];
    return [{ ...labels, split, by: "labels" as const }, ...votes];
  });
  return { description: released?.description, data: trained?.data, figures: rows, card };
}

async function findReleased({ file, sha256 }: SourceModel) {
  const index = path.join(path.dirname(file), "index.json");
  if (!existsSync(index)) return undefined;
  const { data } = releaseIndex.safeParse(await readJson(index));
  return Object.values(data?.models ?? {}).find(({ files }) => files.fp32.sha256 === sha256);
}
