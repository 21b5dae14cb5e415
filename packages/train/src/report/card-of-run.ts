import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { readBytes, readJson, readRunConfig, writeFileAtomic, writeJson } from "@mien/cli";
import { MienError, RUN_FILES } from "@mien/format";
import { readCalibration } from "../score/calibration.ts";
import { bestEpoch, readHistory } from "../run/history.ts";
import { readOpenings, weightsHash, type Opening } from "../run/test-set-access.ts";
import { readRunMetrics } from "../run/run.ts";
import { renderCard } from "./model-card.ts";
import {
  chooseDefault,
  INDEX_FILE,
  readReleased,
  type ReleasedFile,
  type ReleasedModel,
  type ReleaseIndex,
} from "./released-models.ts";

const DESCRIPTION = "Reads expressions in pictures of faces.";

/** An exported file of a run with what its verification found. */
export interface VerifiedFile {
  readonly precision: string;
  readonly file: string;
  /** Of the content that was verified. */
  readonly sha256: string;
  readonly latencyMs: number;
  /** On validation, 0–1; null without validation images. */
  readonly accuracy: number | null;
}

/**
 * Releases a run's verified model files under a name: copies them, updates the index and writes the
 * cards of all released models anew, as each shows the comparison with the others.
 *
 * @param folder where released models are, e.g. `artifacts/release`.
 * @returns the name of the default model, and the paths written.
 * @throws {MienError} `conflict` unless the run is evaluated and calibrated and a 32-bit file is
 * there, `mismatch` if a file changed after it was verified, and what reading throws.
 */
export async function releaseModel(
  folder: string,
  about: {
    readonly name: string;
    readonly run: string;
    readonly files: readonly VerifiedFile[];
    /** By default that of an earlier model of this name. */
    readonly description?: string | undefined;
    readonly command: string;
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
  // Weights that were trained again to the last bit need no second look at the test part.
  const tested = metrics.test ?? (earlier?.weights === weights ? earlier.metrics.test : undefined);
  const facts = {
    description: about.description ?? earlier?.description ?? DESCRIPTION,
    parameters: await countParameters(run),
    weights,
    config: await publicConfig(run),
    epochs: history.length,
    bestEpoch: bestEpoch(history),
    calibration,
    metrics: { ...metrics, ...(tested && { test: tested }) },
    openings: mergeOpenings(earlier?.openings ?? [], await readOpenings(run)),
    command,
  };
  const eight = path.join(folder, `${name}.int8.onnx`);
  // The 8-bit form of an earlier model of this name must not stay.
  if (int8 === undefined) await rm(eight, { force: true });
  const files = {
    fp32: await copyModel(fp32, path.join(folder, `${name}.onnx`)),
    ...(int8 && { int8: await copyModel(int8, eight) }),
  };
  const copied = Object.values(files).map((file) => path.join(folder, file.name));
  return writeCards(folder, { ...before, [name]: { ...facts, files } }, copied);
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

/** All looks at the test part, also by earlier models of the same name, in order of time. */
function mergeOpenings(before: readonly Opening[], now: readonly Opening[]): Opening[] {
  const byTime = new Map([...before, ...now].map((opening) => [opening.time, opening]));
  return [...byTime.values()].sort((a, b) => (a.time < b.time ? -1 : 1));
}

/**
 * Writes the index and all cards anew from what is known about the released models.
 *
 * @throws {MienError} `missing-file` if nothing is released there.
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

async function writeCards(
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

/** A run's configuration without what only this machine knows. */
async function publicConfig(run: string): Promise<ReleasedModel["config"]> {
  const config = await readRunConfig(run);
  const withoutFolder = <T extends { readonly path: string } | undefined>(source: T): T =>
    source && { ...source, path: path.basename(source.path) };
  return {
    ...config,
    data: withoutFolder(config.data),
    ...(config.votes && { votes: withoutFolder(config.votes) }),
    ...(config.teacher && { teacher: withoutFolder(config.teacher) }),
  };
}

async function countParameters(run: string): Promise<number> {
  const model = (await readJson(path.join(run, RUN_FILES.model, "model.json"))) as {
    weightsManifest: { weights: { name: string; shape: number[] }[] }[];
  };
  return model.weightsManifest
    .flatMap(({ weights }) => weights)
    .filter(({ name }) => !/\/moving_(mean|variance)$/.test(name))
    .map(({ shape }) => shape.reduce((product, n) => product * n, 1))
    .reduce((sum, n) => sum + n, 0);
}
