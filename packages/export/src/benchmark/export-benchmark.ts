import path from "node:path";
import { imageSize, MienError, RUN_FILES, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { readReference, type ModelFile, type RunPaths } from "../model/run-export.ts";
import { startKeras } from "./keras-peer.ts";
import { contender, timeAlternating, type Contender, type Timing } from "./export-timing.ts";
import { startWeb } from "./web-peer.ts";

/** One engine at one batch size. */
export interface BenchmarkRow extends Timing {
  /** Faces a call. */
  readonly batch: number;
  /** Threads inside one operation; null where the engine decides. */
  readonly threads: number | null;
  /** Median milliseconds for one face: `median` / `batch`. */
  readonly perFace: number;
  /** How many times faster than tfjs at the same batch size, by the medians. */
  readonly factor: number;
  /** How many times faster than Keras' `predict`; null where Keras did not run. */
  readonly kerasFactor: number | null;
}

/** What a benchmark answers. */
export interface BenchmarkResult {
  readonly rows: readonly BenchmarkRow[];
  /** The same for a number of single predictions, one after the other; empty unless asked for. */
  readonly study: readonly BenchmarkRow[];
  /** Versions of what ran beside ours. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What is timed, and for how long. */
export interface MeasureOptions {
  /** The exported models; float32 first. */
  readonly models: readonly ModelFile[];
  /** Seconds of measuring for each row. */
  readonly seconds: number;
  /** Numbers of single predictions to repeat the study case's table with. */
  readonly study: readonly number[];
  /** A Python with Keras; without it Keras has no rows. */
  readonly python?: string | undefined;
  /** Chromium; without it the web has no rows. */
  readonly chromium?: string | undefined;
  readonly signal?: AbortSignal;
  readonly onProgress?: (share: number) => void;
}

const BATCHES = [1, 8, 64] as const;
const THREADS = [1, 2] as const;
/** Largest difference of Keras' probabilities from ours that still counts as the same model. */
const SAME_MODEL = 1e-4;

type Row = Contender & { readonly threads: number | null };

/**
 * Times a run's model in tfjs, its exported files in onnxruntime and, where they are there, Keras and
 * a browser, all in turns, on the run's reference images.
 *
 * @throws {MienError} `interrupted` on the signal; `mismatch` if Keras has another model; what opening
 * the models and starting the peers throws.
 */
export async function measure(
  paths: RunPaths,
  config: RunConfig,
  options: MeasureOptions,
): Promise<BenchmarkResult> {
  const { inputs, outputs } = await readReference(paths, config);
  const size = imageSize(config.input);
  const { python, chromium, signal } = options;
  const closers: (() => unknown)[] = [];
  try {
    const { openTrainedModel } = await import("@mien/train");
    const trained = await openTrainedModel(paths.run);
    closers.push(() => trained.dispose());
    const exported: { name: string; threads: number; classifier: ExpressionClassifier }[] = [];
    for (const { precision, file } of options.models) {
      for (const threads of THREADS) {
        const classifier = await ExpressionClassifier.open(file, { threads });
        closers.push(() => classifier.close());
        const name = `onnxruntime ${precision}, ${threads} thread${threads === 1 ? "" : "s"}`;
        exported.push({ name, threads, classifier });
      }
    }
    const folder = path.join(paths.run, RUN_FILES.model);
    const keras = python === undefined ? undefined : await startKeras(python, folder);
    if (keras !== undefined) {
      closers.push(() => keras.close());
      const answer = await keras.predict(inputs.subarray(0, size));
      requireSameModel(answer, outputs);
    }
    const files = Object.fromEntries(
      options.models.map(({ precision, file }) => [precision, file]),
    );
    const web = chromium === undefined ? undefined : await startWeb(chromium, files, config.input);
    if (web !== undefined) closers.push(() => web.close());

    const contenders = (batch: number): Row[] => {
      const pixels = Float32Array.from(
        { length: batch * size },
        (_, i) => inputs[i % inputs.length] as number,
      );
      const free = (each: Contender): Row => ({ ...each, threads: null });
      return [
        free(contender("tfjs-node predict", () => trained.predictSync(pixels, batch))),
        ...(keras?.contenders(batch) ?? []).map(free),
        ...exported.map(({ name, threads, classifier }) => ({
          ...contender(name, () => classifier.run(pixels, batch)),
          threads,
        })),
        ...options.models.flatMap(({ precision }): Row[] => {
          const name = `onnxruntime-web ${precision}, Chromium`;
          return web === undefined
            ? []
            : [{ ...web.contender(name, precision, batch), threads: 1 }];
        }),
      ];
    };
    const amounts = [
      ...BATCHES.map((batch) => ({ batch, amount: { seconds: options.seconds } })),
      ...options.study.map((calls) => ({ batch: 1, amount: { calls } })),
    ];
    const tables: BenchmarkRow[][] = [];
    for (const [done, { batch, amount }] of amounts.entries()) {
      const rows = contenders(batch);
      const timings = await timeAlternating(rows, amount, {
        signal,
        onProgress: (share) => options.onProgress?.((done + share) / amounts.length),
      });
      tables.push(describe(rows, timings, batch));
    }
    return {
      rows: tables.slice(0, BATCHES.length).flat(),
      study: tables.slice(BATCHES.length).flat(),
      versions: keras?.versions ?? {},
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function describe(rows: readonly Row[], timings: readonly Timing[], batch: number): BenchmarkRow[] {
  const medianOf = (name: string) => timings.find((timing) => timing.name === name)?.median;
  const tfjs = medianOf("tfjs-node predict") as number;
  const keras = medianOf("Keras predict");
  return timings.map((timing, i) => ({
    ...timing,
    batch,
    threads: (rows[i] as Row).threads,
    perFace: timing.median / batch,
    factor: tfjs / timing.median,
    kerasFactor: keras === undefined ? null : keras / timing.median,
  }));
}

function requireSameModel(keras: Float32Array, reference: Float32Array): void {
  const difference = Math.max(
    ...keras.map((value, i) => Math.abs(value - (reference[i] as number))),
  );
  if (difference <= SAME_MODEL) return;
  throw new MienError(
    "mismatch",
    `Keras answers otherwise than the trained model, by ${difference.toExponential(1)}`,
  );
}
