import { imageSize, MienError, type ModelInput, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { comparePredictions, countCorrect, type Agreement } from "../model/compare-outputs.ts";
import { PRECISIONS } from "../model/model-precision.ts";
import { loadPart, type PartOptions } from "../model/run-images.ts";
import {
  readCalibration,
  readReference,
  type ModelFile,
  type RunPaths,
} from "../model/run-export.ts";
import { temper } from "../model/apply-temperature.ts";

/** What is verified, and with which data. */
export interface VerifyOptions {
  /** At least one. */
  readonly models: readonly ModelFile[];
  readonly csv?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called with the bytes of the data set read, then with the images that all models answered. */
  readonly onProgress?: (stage: "read" | "compare", done: number, total: number) => void;
}

/** How far a trained and its exported models agree. */
export interface Verification {
  /** The trained model as tfjs opens it, against what it answered when training ended. */
  readonly opened: Agreement;
  /** Validation images that tfjs answers rightly. */
  readonly correct: number;
  /** In the order of the options. */
  readonly models: readonly ModelVerification[];
  /** Row of the CSV that each validation image comes from. */
  readonly rows: Uint32Array;
}

/** How far one exported model agrees with tfjs. */
export interface ModelVerification extends ModelFile {
  /** On the run's reference images. */
  readonly reference: Agreement;
  /** On every validation image. */
  readonly validation: Agreement;
  /** Validation images that it answers rightly. */
  readonly correct: number;
  /** Median milliseconds for one image, one thread. */
  readonly latency: number;
}

/** Images that go through the models at a time. */
const BATCH = 256;
/** Single images that each model's latency is the median of. */
const TIMED = 200;

/**
 * Runs the trained model in tfjs, at the temperature that the run was calibrated with, and exported
 * ones in onnxruntime on the same images.
 *
 * @throws {MienError} `mismatch` if an exported model or the data set belong to another training;
 * `interrupted` on the signal; what reading the run, the models and the data set throw.
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
    const part = await loadPart(config, "validation", partOptions(options));
    const { pixels, labels, rows } = part;
    // tfjs takes a second to load; nothing before this needs it.
    const { openTrainedModel } = await import("@mien/train");
    const trained = await openTrainedModel(paths.run);
    try {
      const opened = await trained.predict(reference.inputs, reference.count);
      const onReference = temper(opened, count, temperature);
      const size = imageSize(config.input);
      const tfjs = new Float32Array(labels.length * count);
      const onnx = exported.map(() => new Float32Array(tfjs.length));
      for (let at = 0; at < labels.length; at += BATCH) {
        if (options.signal?.aborted) throw new MienError("interrupted", "verification stopped");
        const end = Math.min(at + BATCH, labels.length);
        const batch = Float32Array.from(pixels.subarray(at * size, end * size));
        tfjs.set(temper(await trained.predict(batch, end - at), count, temperature), at * count);
        for (const [i, classifier] of exported.entries()) {
          onnx[i]?.set(await classifier.run(batch, end - at), at * count);
        }
        options.onProgress?.("compare", end, labels.length);
      }
      const latencies = await timeSingles(exported, reference.inputs.subarray(0, size));
      const models: ModelVerification[] = [];
      for (const [i, model] of options.models.entries()) {
        const allowed = PRECISIONS[model.precision];
        const answers = onnx[i] as Float32Array;
        const classifier = exported[i] as ExpressionClassifier;
        const referenceAnswers = await classifier.run(reference.inputs, reference.count);
        models.push({
          ...model,
          reference: comparePredictions(onReference, referenceAnswers, classes, allowed),
          validation: comparePredictions(tfjs, answers, classes, {
            ...allowed,
            tolerance: allowed.validationTolerance,
          }),
          correct: countCorrect(answers, labels),
          latency: latencies[i] as number,
        });
      }
      return {
        opened: comparePredictions(reference.outputs, opened, classes),
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

function partOptions({ csv, signal, onProgress }: VerifyOptions): PartOptions {
  return { csv, signal, onProgress: (done, total) => onProgress?.("read", done, total) };
}

/** Median milliseconds of each model for one image, in turns. */
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
  return times.map((taken) => taken.sort((a, b) => a - b)[TIMED / 2] as number);
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
