import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, readRunConfig, writeFileAtomic, writeJson } from "@mien/cli";
import { MienError, officialSplit, RUN_FILES, type ImageSet, type PartMetrics } from "@mien/format";
import { scorePredictions } from "./metrics.ts";
import { OPENINGS_FILE } from "./openings.ts";
import { drawConfusion } from "./plots.ts";
import { readRunMetrics } from "./run.ts";
import { openTrainedModel, pixelsAt, type TrainedModel } from "./trained-model.ts";

/** Scores a model on some images of a set. */
export async function measurePart(
  model: TrainedModel,
  set: ImageSet,
  positions: Uint32Array,
  onProgress?: (images: number) => void,
): Promise<PartMetrics> {
  const classes = model.classes.length;
  const probabilities = new Float32Array(positions.length * classes);
  // In chunks, so that the pixels of a large part are never all in memory as floats.
  const chunk = 1024;
  for (let at = 0; at < positions.length; at += chunk) {
    const some = positions.subarray(at, at + chunk);
    probabilities.set(await model.predict(pixelsAt(set, some), some.length), at * classes);
    onProgress?.(at + some.length);
  }
  const labels = Uint8Array.from(positions, (position) => set.labels[position] as number);
  return scorePredictions(probabilities, labels, classes);
}

/**
 * Evaluates a finished run on its validation part, or on its test part, and writes the metrics and
 * a confusion matrix into the run folder. Each opening of the test part leaves a line in
 * `openings.jsonl`.
 *
 * @param data the data set that the run was trained on.
 * @throws {MienError} `mismatch` if the data is another one, `bad-data` if the part is empty, and
 * what `readRunMetrics` and `openTrainedModel` throw.
 */
export async function evaluateRun(
  folder: string,
  data: { readonly set: ImageSet; readonly sha256: string; readonly path: string },
  options: {
    readonly part: "validation" | "test";
    readonly onProgress?: (images: number, total: number) => void;
  },
): Promise<{ metrics: PartMetrics; written: string[] }> {
  const config = await readRunConfig(folder);
  if (data.sha256 !== config.data.sha256) {
    throw new MienError(
      "mismatch",
      `${folder} was trained on data with SHA-256 ${config.data.sha256.slice(0, 12)}…, ${data.path} has ${data.sha256.slice(0, 12)}…`,
      { advice: `Give the data that it was trained on: --csv ${config.data.path}` },
    );
  }
  const { part, onProgress } = options;
  const positions = officialSplit(data.set)[part];
  if (positions.length === 0) {
    throw new MienError("bad-data", `${data.path} has no images in its ${part} part`);
  }
  // Before anything is measured: a test part that is opened in vain is opened all the same.
  const before = await readRunMetrics(folder);
  const model = await openTrainedModel(folder);
  let metrics: PartMetrics;
  try {
    metrics = await measurePart(model, data.set, positions, (images) =>
      onProgress?.(images, positions.length),
    );
  } finally {
    model.dispose();
  }
  const written = [`confusion-${part}.png`, RUN_FILES.metrics];
  if (part === "test") {
    const { images, accuracy } = metrics;
    const opening = { time: new Date().toISOString(), images, accuracy };
    const openings = path.join(folder, OPENINGS_FILE);
    const earlier = existsSync(openings) ? (await readBytes(openings)).toString("utf8") : "";
    await writeFileAtomic(openings, `${earlier}${JSON.stringify(opening)}\n`);
    written.push(OPENINGS_FILE);
  }
  const confusion = drawConfusion(metrics, config.classes, part);
  await writeFileAtomic(path.join(folder, `confusion-${part}.png`), confusion);
  const file = path.join(folder, RUN_FILES.metrics);
  await writeJson(file, { ...before, [part]: metrics });
  return { metrics, written: written.map((name) => path.join(folder, name)) };
}
