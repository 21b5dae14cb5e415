import { existsSync } from "node:fs";
import { loadDataset } from "@mien/data";
import { imageSize, MienError, officialSplit, type ModelInput, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { comparePredictions, countCorrect, type Agreement } from "./compare.ts";
import { readReference, type RunPaths } from "./run-export.ts";

/** What is verified, and with which data. */
export interface VerifyOptions {
  /** The exported model. */
  readonly model: string;
  /** The data set; by default the file that the run was trained on, else looked for as always. */
  readonly csv?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called with the bytes of the data set read, then with the images that both models answered. */
  readonly onProgress?: (stage: "read" | "compare", done: number, total: number) => void;
}

/** How far a trained and an exported model agree. */
export interface Verification {
  /** The trained model as tfjs opens it, against what it answered when training ended. */
  readonly opened: Agreement;
  /** The exported model against tfjs on the run's reference images. */
  readonly reference: Agreement;
  /** The exported model against tfjs on every validation image. */
  readonly validation: Agreement;
  /** Validation images that each model answers rightly. */
  readonly correct: { readonly tfjs: number; readonly onnx: number };
  /** Row of the CSV that each validation image comes from. */
  readonly rows: Uint32Array;
}

/** Images that go through both models at a time. */
const BATCH = 256;

/**
 * Runs the trained model in tfjs and the exported one in onnxruntime on the same images.
 *
 * @throws {MienError} `mismatch` if the exported model or the data set belong to another training;
 * `interrupted` on the signal; what reading the run, the model and the data set throw.
 */
export async function verifyModel(
  paths: RunPaths,
  config: RunConfig,
  options: VerifyOptions,
): Promise<Verification> {
  const { classes } = config;
  const reference = await readReference(paths, config);
  const exported = await ExpressionClassifier.open(options.model);
  try {
    requireSame(exported.metadata, config, options.model);
    const { pixels, labels, rows } = await validationPart(config, options);
    // tfjs takes a second to load; nothing before this needs it.
    const { openTrainedModel } = await import("@mien/train");
    const trained = await openTrainedModel(paths.run);
    try {
      const onReference = {
        tfjs: await trained.predict(reference.inputs, reference.count),
        onnx: await exported.run(reference.inputs, reference.count),
      };
      const size = imageSize(config.input);
      const tfjs = new Float32Array(labels.length * classes.length);
      const onnx = new Float32Array(tfjs.length);
      for (let at = 0; at < labels.length; at += BATCH) {
        if (options.signal?.aborted) throw new MienError("interrupted", "verification stopped");
        const end = Math.min(at + BATCH, labels.length);
        const batch = Float32Array.from(pixels.subarray(at * size, end * size));
        tfjs.set(await trained.predict(batch, end - at), at * classes.length);
        onnx.set(await exported.run(batch, end - at), at * classes.length);
        options.onProgress?.("compare", end, labels.length);
      }
      return {
        opened: comparePredictions(reference.outputs, onReference.tfjs, classes),
        reference: comparePredictions(onReference.tfjs, onReference.onnx, classes),
        validation: comparePredictions(tfjs, onnx, classes),
        correct: { tfjs: countCorrect(tfjs, labels), onnx: countCorrect(onnx, labels) },
        rows,
      };
    } finally {
      trained.dispose();
    }
  } finally {
    await exported.close();
  }
}

function requireSame(
  exported: { readonly labels: readonly string[]; readonly input: ModelInput },
  { classes, input, name }: RunConfig,
  model: string,
): void {
  const describe = (labels: readonly string[], { height, width, channels }: ModelInput) =>
    `${width}×${height}×${channels} images and the labels ${labels.join(", ")}`;
  const expected = describe(classes, input);
  const found = describe(exported.labels, exported.input);
  if (expected === found) return;
  throw new MienError("mismatch", `run ${name} has ${expected}; ${model} has ${found}`, {
    advice: "Name the file that was exported from this run: --model FILE.",
  });
}

/** The images by which a run's choices were made, with their labels. */
async function validationPart(
  { data, name }: RunConfig,
  { csv, signal, onProgress }: VerifyOptions,
): Promise<{ pixels: Uint8Array; labels: Uint8Array; rows: Uint32Array }> {
  const { set, sha256, path } = await loadDataset({
    csv: csv ?? (existsSync(data.path) ? data.path : undefined),
    skipBadRows: (data.skippedRows ?? 0) > 0,
    signal,
    onProgress: (done, total) => onProgress?.("read", done, total),
  });
  if (sha256 !== data.sha256) {
    throw new MienError(
      "mismatch",
      `run ${name} was trained on ${data.name} with SHA-256 ${data.sha256.slice(0, 12)}…, ` +
        `${path} has ${sha256.slice(0, 12)}…`,
      { advice: `Name the file that it was trained on: --csv FILE; it was ${data.path}.` },
    );
  }
  const { validation } = officialSplit(set);
  const size = imageSize(set);
  const pixels = new Uint8Array(validation.length * size);
  validation.forEach((position, i) => {
    pixels.set(set.pixels.subarray(position * size, (position + 1) * size), i * size);
  });
  return {
    pixels,
    labels: Uint8Array.from(validation, (position) => set.labels[position] as number),
    rows: Uint32Array.from(validation, (position) => set.row[position] as number),
  };
}
