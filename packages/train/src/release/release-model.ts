import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { readBytes, readJson, readRunConfig, writeFileAtomic, writeJson } from "@mien/cli";
import { MienError, RUN_FILES } from "@mien/format";
import { z } from "zod";
import { readCalibration } from "../score/calibration.ts";
import { bestEpoch, isChosenByCriterion, readHistory } from "../run/history.ts";
import { readTestSetAccesses, weightsHash, type TestSetAccess } from "../run/test-set-access.ts";
import { differencesOf } from "../run/run-differences.ts";
import { readRunMetrics } from "../run/run-metrics.ts";
import { renderCard } from "./model-card.ts";
import {
  chooseDefault,
  INDEX_FILE,
  readReleased,
  type ReleasedFile,
  type ReleasedModel,
  type ReleaseIndex,
  type SeedScore,
} from "./released-models.ts";

const DEFAULT_DESCRIPTION = "Reads expressions in pictures of faces.";

/** An exported model file with the results of its verification. */
export interface VerifiedFile {
  /** `fp32` or `int8`. */
  readonly precision: string;
  readonly file: string;
  /** SHA-256 of the verified content. */
  readonly sha256: string;
  /** Median time for one face with one thread, in ms. */
  readonly latencyMs: number;
  /** On validation, 0–1; null without validation images. */
  readonly accuracy: number | null;
}

/**
 * Releases the verified model files of a run under a name: copies them, updates the index and
 * rewrites the cards of all released models, because each card compares its model with the others.
 *
 * @param folder of the released models, e.g. `artifacts/release`.
 * @returns the name of the default model, and the written paths.
 * @throws {MienError} `conflict` if the run is not evaluated and calibrated or there is no 32-bit
 * file, `mismatch` if a file changed after it was verified or a run of another seed differs in more
 * than its seed, and the errors of reading the runs.
 */
export async function releaseModel(
  folder: string,
  about: {
    readonly name: string;
    readonly run: string;
    readonly files: readonly VerifiedFile[];
    /** Default: the description of the released model of the same name. */
    readonly description?: string | undefined;
    /** The command that reproduces the model, for its card. */
    readonly command: string;
    /** Finished runs with other seeds. Default: those of the released model, for the same weights. */
    readonly otherSeeds?: readonly string[] | undefined;
  },
): Promise<{ default: string; written: string[] }> {
  const { name, run, command } = about;
  const calibration = await readCalibration(run);
  const metrics = await readRunMetrics(run);
  if (calibration === undefined || metrics.validation.averaged === undefined) {
    throw new MienError("conflict", `${run} is not evaluated`, {
      advice: `Run \`npx nx run train:evaluate ${run}\` first.`,
    });
  }
  const [fp32, int8] = ["fp32", "int8"].map((precision) =>
    about.files.find((file) => file.precision === precision),
  );
  if (fp32 === undefined) {
    throw new MienError("conflict", `no 32-bit model of ${run} was verified`, {
      advice: `Run \`npx nx run export:onnx ${run}\` and export:verify first.`,
    });
  }
  const before = await readReleased(folder);
  const weights = await weightsHash(run);
  const earlier = before[name];
  const history = await readHistory(run);
  const sameWeights = earlier?.weights === weights ? earlier : undefined;
  const otherSeeds = (await readSeedScores(about.otherSeeds ?? [], run)) ?? sameWeights?.otherSeeds;
  // If the weights are the same, their test metrics are kept, and no second test-set access is needed.
  const tested = metrics.test ?? sameWeights?.metrics.test;
  const facts = {
    description: about.description ?? earlier?.description ?? DEFAULT_DESCRIPTION,
    parameters: await countParameters(run),
    weights,
    config: await publicConfig(run),
    epochs: history.length,
    bestEpoch: bestEpoch(history),
    ...(isChosenByCriterion(history) && { criterion: "labels-and-votes" as const }),
    calibration,
    metrics: { ...metrics, ...(tested && { test: tested }) },
    ...(otherSeeds && { otherSeeds }),
    openings: mergeAccesses(earlier?.openings ?? [], await readTestSetAccesses(run)),
    command,
  };
  const eight = path.join(folder, `${name}.int8.onnx`);
  // The 8-bit file of an earlier model of the same name must not remain.
  if (int8 === undefined) await rm(eight, { force: true });
  const files = {
    fp32: await copyModel(fp32, path.join(folder, `${name}.onnx`)),
    ...(int8 && { int8: await copyModel(int8, eight) }),
  };
  const copied = Object.values(files).map((file) => path.join(folder, file.name));
  return writeCards(folder, { ...before, [name]: { ...facts, files } }, copied);
}

/** The scores of runs that differ from a run only in the seed; undefined if there are none. */
async function readSeedScores(
  others: readonly string[],
  run: string,
): Promise<SeedScore[] | undefined> {
  if (others.length === 0) return undefined;
  const own = await readRunConfig(run);
  const read = async (other: string): Promise<SeedScore> => {
    const config = await readRunConfig(other);
    const differences = differencesOf(own, config).map(({ name }) => name);
    if (String(differences) !== "seed") {
      const found = differences.join(", ") || "nothing";
      throw new MienError(
        "mismatch",
        `${other}: expected a run that differs from ${run} in the seed only; it differs in ${found}`,
      );
    }
    const { validation } = await readRunMetrics(other);
    return { seed: config.seed, accuracy: validation.accuracy };
  };
  return Promise.all(others.map(read));
}

async function copyModel(source: VerifiedFile, target: string): Promise<ReleasedFile> {
  const bytes = await readBytes(source.file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== source.sha256) {
    throw new MienError("mismatch", `${source.file} is not the file that was verified`, {
      advice: "Run `npx nx run export:verify` again.",
    });
  }
  await writeFileAtomic(target, bytes);
  return {
    name: path.basename(target),
    bytes: bytes.length,
    sha256,
    accuracy: source.accuracy,
    latencyMs: source.latencyMs,
  };
}

/** All test-set accesses, without duplicates, oldest first. */
function mergeAccesses(
  before: readonly TestSetAccess[],
  now: readonly TestSetAccess[],
): TestSetAccess[] {
  const byTime = new Map([...before, ...now].map((access) => [access.time, access]));
  return [...byTime.values()].sort((a, b) => (a.time < b.time ? -1 : 1));
}

/**
 * Rewrites the index and all cards of a folder of released models.
 *
 * @throws {MienError} `missing-file` if the folder has no released models.
 */
export async function rewriteCards(
  folder: string,
): Promise<{ default: string; written: string[] }> {
  const models = await readReleased(folder);
  if (Object.keys(models).length > 0) return writeCards(folder, models, []);
  throw new MienError("missing-file", `no released models in ${folder}`, {
    advice: "Make them with `npm run release`.",
  });
}

/** Writes the index and the card of every model. */
export async function writeCards(
  folder: string,
  models: Readonly<Record<string, ReleasedModel>>,
  written: string[],
): Promise<{ default: string; written: string[] }> {
  const sorted = Object.fromEntries(Object.entries(models).sort(([a], [b]) => (a < b ? -1 : 1)));
  const index: ReleaseIndex = { default: chooseDefault(sorted), models: sorted };
  for (const name of Object.keys(sorted)) {
    const file = path.join(folder, `${name}.md`);
    await writeFileAtomic(file, renderCard(name, index));
    written.push(file);
  }
  const file = path.join(folder, INDEX_FILE);
  await writeJson(file, index);
  return { default: index.default, written: [...written, file] };
}

/** The configuration of a run with file names instead of the paths on this machine. */
async function publicConfig(run: string): Promise<ReleasedModel["config"]> {
  const config = await readRunConfig(run);
  const withoutFolder = <T extends { readonly path: string } | undefined>(source: T): T =>
    source && { ...source, path: path.basename(source.path) };
  return {
    ...config,
    data: withoutFolder(config.data),
    ...(config.votes && { votes: withoutFolder(config.votes) }),
    ...(config.corrections && { corrections: withoutFolder(config.corrections) }),
    ...(config.teacher && { teacher: withoutFolder(config.teacher) }),
    ...(config.start && { start: withoutFolder(config.start) }),
  };
}

/** The shapes of the weights in a tfjs LayersModel. */
const layersModel = z.object({
  weightsManifest: z.array(
    z.object({ weights: z.array(z.object({ name: z.string(), shape: z.array(z.number()) })) }),
  ),
});

/**
 * The number of trained values of a run's model, without moving averages and the fixed kernels of
 * anti-aliased pooling, the only depthwise convolutions.
 */
async function countParameters(run: string): Promise<number> {
  const model = await readJson(path.join(run, RUN_FILES.model, "model.json"));
  return layersModel
    .parse(model)
    .weightsManifest.flatMap(({ weights }) => weights)
    .filter(({ name }) => !/\/(moving_(mean|variance)|depthwise_kernel)$/.test(name))
    .map(({ shape }) => shape.reduce((product, n) => product * n, 1))
    .reduce((sum, n) => sum + n, 0);
}
