import path from "node:path";
import { alternate, callContender, type Contender } from "@mien/bench";
import { imageSize, MienError, RUN_FILES, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { readReference, type ModelFile, type RunPaths } from "../model/run-export.ts";
import { callRow, type CallRow } from "./call-row.ts";
import { startKerasPredict } from "./keras-predict-peer.ts";
import { startWeb } from "./web-peer.ts";

/** One engine at one batch size. */
export interface EngineRow extends CallRow {
  /** Threads inside one operation; null where the engine decides. */
  readonly threads: number | null;
  /** How many times as fast as tfjs at the same batch size, by the medians. */
  readonly factor: number;
  /** How many times as fast as Keras' `predict`; null without Keras. */
  readonly kerasFactor: number | null;
}

/** The result of `benchmarkEngines`. */
interface EngineBenchmark {
  readonly rows: readonly EngineRow[];
  /** Rows for the numbers of successive single predictions in `study`; empty without `study`. */
  readonly study: readonly EngineRow[];
  /** Versions of Keras and TensorFlow; empty without Keras. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What is measured, and for how long. */
export interface EngineOptions {
  /** The exported models; float32 first. */
  readonly models: readonly ModelFile[];
  /** Seconds of measuring for each row. */
  readonly seconds: number;
  /** Numbers of single predictions in the tables of the study case, which are measured again. */
  readonly study: readonly number[];
  /** A Python with Keras; without it Keras has no rows. */
  readonly python?: string | undefined;
  /** Whether onnxruntime-web is measured in Chromium, too. */
  readonly web: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (share: number) => void;
}

const BATCHES = [1, 8, 64] as const;
const THREADS = [1, 2] as const;
/** Largest difference of Keras' probabilities from ours at which it still counts as the same model. */
const SAME_MODEL = 1e-4;

const TFJS = "tfjs-node predict";
const KERAS = "Keras predict";

/** An engine at a batch size that is not known yet. */
interface Engine {
  readonly threads: number | null;
  readonly contender: (pixels: Float32Array, batch: number) => Contender;
}

/**
 * Measures a run's model in tfjs, its exported files in onnxruntime and, if asked for, in Keras and a
 * browser, in alternating turns, on the run's reference images.
 *
 * @throws {MienError} `interrupted` if the signal fires; `mismatch` if Keras has another model; errors of
 * opening the models and of starting Keras and the browser.
 */
export async function benchmarkEngines(
  paths: RunPaths,
  config: RunConfig,
  options: EngineOptions,
): Promise<EngineBenchmark> {
  const { inputs, outputs } = await readReference(paths, config);
  const size = imageSize(config.input);
  const { models, seconds, python, signal } = options;
  const folder = path.join(paths.run, RUN_FILES.model);
  const engines: Engine[] = [];
  const closers: (() => unknown)[] = [];
  try {
    const { openTrainedModel } = await import("@mien/train");
    const trained = await openTrainedModel(paths.run);
    closers.push(() => trained.dispose());
    engines.push({
      threads: null,
      contender: (pixels, batch) => callContender(TFJS, () => trained.predictSync(pixels, batch)),
    });
    const keras =
      python === undefined ? undefined : await startKerasPredict(python, folder, { signal });
    if (keras !== undefined) {
      closers.push(() => keras.close());
      requireSameModel(await keras.predict(inputs.subarray(0, size)), outputs);
    }
    const exported: Engine[] = [];
    for (const { precision, file } of models) {
      for (const threads of THREADS) {
        const classifier = await ExpressionClassifier.open(file, { threads });
        closers.push(() => classifier.close());
        const name = `onnxruntime ${precision}, ${threads} thread${threads === 1 ? "" : "s"}`;
        exported.push({
          threads,
          contender: (pixels, batch) => callContender(name, () => classifier.run(pixels, batch)),
        });
      }
    }
    if (options.web) {
      const files = Object.fromEntries(models.map(({ precision, file }) => [precision, file]));
      const web = await startWeb(files, config.input);
      closers.push(() => web.close());
      for (const { precision } of models) {
        const name = `onnxruntime-web ${precision}, Chromium`;
        exported.push({
          threads: 1,
          contender: (_pixels, batch) => web.contender(name, precision, batch),
        });
      }
    }
    const measures = [
      ...BATCHES.map((batch) => ({ batch, amount: { seconds }, isStudy: false })),
      ...options.study.map((calls) => ({ batch: 1, amount: { calls }, isStudy: true })),
    ];
    const [rows, study]: [EngineRow[], EngineRow[]] = [[], []];
    for (const [done, { batch, amount, isStudy }] of measures.entries()) {
      const pixels = repeated(inputs, batch * size);
      const own = ({ threads, contender }: Engine) => ({
        threads,
        contender: contender(pixels, batch),
      });
      const contenders = [
        ...engines.map(own),
        ...(keras?.contenders(batch) ?? []).map((contender) => ({ threads: null, contender })),
        ...exported.map(own),
      ];
      const turns = await alternate(
        contenders.map(({ contender }) => contender),
        {
          amount,
          signal,
          onProgress: (share) => options.onProgress?.((done + share) / measures.length),
        },
      );
      const measured = contenders.map(({ threads, contender }, i) => ({
        ...callRow(contender.name, batch, turns[i] ?? []),
        threads,
      }));
      (isStudy ? study : rows).push(...compared(measured));
    }
    return { rows, study, versions: keras?.versions ?? {} };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Pixels of the given number of images; after the last image, the first one follows again. */
function repeated(images: Float32Array, count: number): Float32Array {
  const pixels = new Float32Array(count);
  for (let at = 0; at < count; at += images.length) {
    pixels.set(images.subarray(0, count - at), at);
  }
  return pixels;
}

/** Rows of one batch size with their factors. */
function compared(rows: readonly Omit<EngineRow, "factor" | "kerasFactor">[]): EngineRow[] {
  const medianOf = (name: string) => rows.find((row) => row.name === name)?.median;
  const [tfjs = NaN, keras] = [medianOf(TFJS), medianOf(KERAS)];
  return rows.map((row) => ({
    ...row,
    factor: tfjs / row.median,
    kerasFactor: keras === undefined ? null : keras / row.median,
  }));
}

function requireSameModel(keras: Float32Array, reference: Float32Array): void {
  const difference = Math.max(...keras.map((value, i) => Math.abs(value - (reference[i] ?? NaN))));
  if (difference <= SAME_MODEL) return;
  throw new MienError(
    "mismatch",
    `Keras and the trained model differ by ${difference.toExponential(1)} in their probabilities`,
  );
}
