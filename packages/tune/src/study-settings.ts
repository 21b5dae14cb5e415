import { isDeepStrictEqual } from "node:util";
import { MienError } from "@mien/format";
import { z } from "zod";
import { spaceSchema } from "./search-space.ts";

/** The pruners that end hopeless trials early; `none` lets every trial finish. */
export const PRUNERS = ["hyperband", "median", "none"] as const;

/**
 * Everything that decides what a study's values mean. It is stored with the study, so that every
 * worker, whenever and wherever it joins, does the same.
 */
export const settingsSchema = z.strictObject({
  /** The data set's name and the SHA-256 of its uncompressed CSV. */
  data: z.strictObject({ name: z.string(), sha256: z.string(), skipBadRows: z.boolean() }),
  space: spaceSchema,
  pruner: z.enum(PRUNERS),
  /** Passes over the learnt images in a trial that is not pruned. */
  epochs: z.int().min(1),
  /** Share of the learnt part of Training that trials use, 0–1. */
  subset: z.number().positive().max(1),
  /** Of the sampler, and of every trial's weights, order, augmentation and dropout. */
  seed: z.int().min(0),
  /** Hash of the training code that made the study; another one is a warning. */
  code: z.string(),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;

/**
 * Sees that a study is what a command asks for.
 *
 * @throws {MienError} `conflict` naming each difference.
 */
export function checkSame(study: string, stored: Settings, wanted: Settings): void {
  const flat = ({ data, space, pruner, epochs, subset, seed }: Settings) => ({
    data: `${data.name} ${data.sha256.slice(0, 12)}`,
    "skip-bad-rows": data.skipBadRows,
    pruner,
    epochs,
    subset,
    seed,
    space: space.name,
    // Of two spaces with other names everything may differ.
    ...(stored.space.name === wanted.space.name
      ? Object.fromEntries(
          Object.entries({ ...space.fixed, ...space.parameters }).map(([key, value]) => [
            `space ${key}`,
            value,
          ]),
        )
      : {}),
  });
  const [a, b] = [flat(stored), flat(wanted)] as [Record<string, unknown>, Record<string, unknown>];
  const text = (value: unknown) =>
    value === undefined ? "(none)" : typeof value === "string" ? value : JSON.stringify(value);
  const lines = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => !isDeepStrictEqual(a[key], b[key]))
    .map((key) => `  ${key}: ${text(a[key])} → ${text(b[key])}`);
  if (lines.length === 0) return;
  throw new MienError(
    "conflict",
    `the study ${study} was begun with other settings:\n${lines.join("\n")}`,
    { advice: "Repeat its settings to go on with it, or name another one with --study." },
  );
}
