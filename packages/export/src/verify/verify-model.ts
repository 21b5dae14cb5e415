import { imageSize, itemAt, MienError, type ModelInput, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { comparePredictions, countCorrect, type Agreement } from "../model/compare-outputs.ts";
import { PRECISIONS } from "../model/model-precision.ts";
import { loadSplit, type SplitOptions } from "../model/load-split.ts";
import {
  readCalibration,
  readReference,
  type ModelFile,
  type RunPaths,
} from "../model/run-export.ts";
import { applyTemperature } from "../model/apply-temperature.ts";

/** The models to verify, and the data. */
export interface VerifyOptions {
  /** The exported models, at least one. */
  readonly models: readonly ModelFile[];
  /** Path of the data set; default: the file that the run was trained on. */
  readonly csv?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called with the bytes of the data set that are read, then with the images that are compared. */
  readonly onProgress?: (stage: "read" | "compare", done: number, total: number) => void;
}

/** The comparison of a trained model with its exported models. */
export interface Verification {
  /** The trained model in tfjs now, compared with its outputs at the end of training. */
  readonly opened: Agreement;
  /** The number of validation images that tfjs predicts correctly. */
  readonly correct: number;
  /** In the order of `VerifyOptions.models`. */
  readonly models: readonly ModelVerification[];
  /** The row of the CSV that each validation image comes from. */
  readonly rows: Uint32Array;
}

/** The comparison of one exported model with tfjs. */
export interface ModelVerification extends ModelFile {
  /** Comparison on the run's reference images. */
  readonly reference: Agreement;
  /** Comparison on every validation image. */
  readonly validation: Agreement;
  /** The number of validation images that it predicts correctly. */
  readonly correct: number;
  /** Median time for one image with one thread, in ms. */
  readonly latency: number;
}

/** Images per run of a model. */
const BATCH = 256;
/** The number of single images whose median time is a model's latency. */
const TIMED = 200;

/**
 * Runs the trained model in tfjs, with the temperature of the run's calibration, and the exported
 * models in onnxruntime, on the same images.
 *
 * @throws {MienError} `mismatch` if an exported model or the data set belongs to another training;
 * `interrupted` after the signal; the errors of reading the run, the models and the data set.
 */
export async function verifyModel(
  paths: RunPaths,
  config: RunConfig,
  options: VerifyOptions,
): Promise<Verification> {
  const { classes } = config;
  const count = classes.length;
  const reference = await readReference(paths, config);
  const { temperature = 1 } = (await readCalibration(paths)) ?? {};
  const exported: ExpressionClassifier[] = [];
  try {
    for (const { file } of options.models) {
      const classifier = await ExpressionClassifier.open(file);
      exported.push(classifier);
      requireSame(classifier.metadata, config, file);
    }
    const { pixels, labels, rows } = await loadSplit(config, "validation", splitOptions(options));
    // Imported late because tfjs takes a second to load.
    const { openTrainedModel } = await import("@mien/train");
    const trained = await openTrainedModel(paths.run);
    try {
      const opened = await trained.predict(reference.inputs, reference.count);
      const onReference = applyTemperature(opened, count, temperature);
      const size = imageSize(config.input);
      const tfjs = new Float32Array(labels.length * count);
      const onnx = exported.map(() => new Float32Array(tfjs.length));
      for (let at = 0; at < labels.length; at += BATCH) {
        if (options.signal?.aborted) throw new MienError("interrupted", "verification stopped");
        const end = Math.min(at + BATCH, labels.length);
        const batch = Float32Array.from(pixels.subarray(at * size, end * size));
        const predicted = await trained.predict(batch, end - at);
        tfjs.set(applyTemperature(predicted, count, temperature), at * count);
        for (const [i, classifier] of exported.entries()) {
          onnx[i]?.set(await classifier.run(batch, end - at), at * count);
        }
        options.onProgress?.("compare", end, labels.length);
      }
      const latencies = await timeSingles(exported, reference.inputs.subarray(0, size));
      const models: ModelVerification[] = [];
      for (const [i, model] of options.models.entries()) {
        const allowed = PRECISIONS[model.precision];
        const outputs = itemAt(onnx, i);
        const onReferenceFound = await itemAt(exported, i).run(reference.inputs, reference.count);
        models.push({
          ...model,
          reference: comparePredictions(onReference, onReferenceFound, { classes, allowed }),
          validation: comparePredictions(tfjs, outputs, {
            classes,
            allowed: { ...allowed, tolerance: allowed.validationTolerance },
          }),
          correct: countCorrect(outputs, labels),
          latency: itemAt(latencies, i),
        });
      }
      return {
        opened: comparePredictions(reference.outputs, opened, { classes }),
        correct: countCorrect(tfjs, labels),
        models,
        rows,
      };
    } finally {
      trained.dispose();
    }
  } finally {
    for (const classifier of exported) await classifier.close();
  }
}

function splitOptions({ csv, signal, onProgress }: VerifyOptions): SplitOptions {
  return { csv, signal, onProgress: (done, total) => onProgress?.("read", done, total) };
}

/** The median time of each model for one image, in ms, measured in turns. */
async function timeSingles(
  models: readonly ExpressionClassifier[],
  image: Float32Array,
): Promise<number[]> {
  const times = models.map((): number[] => []);
  for (let i = 0; i < TIMED; i++) {
    for (const [m, model] of models.entries()) {
      const start = performance.now();
      await model.run(image, 1);
      times[m]?.push(performance.now() - start);
    }
  }
  return times.map((taken) =>
    itemAt(
      taken.sort((a, b) => a - b),
      TIMED / 2,
    ),
  );
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
    advice: "Pass the file that was exported from this run as --model FILE.",
  });
}
