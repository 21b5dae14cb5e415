import { imageSize, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { readReference, type RunPaths } from "./run-export.ts";
import { timeAlternating, type Contender, type Timing } from "./timing.ts";

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
}

const BATCHES = [1, 64] as const;
const THREADS = [1, 2] as const;

/**
 * Times a run's model in tfjs and its exported file in onnxruntime on the run's reference images.
 *
 * @param options.seconds of measuring for each row.
 * @throws {MienError} `interrupted` on the signal; what opening the two models throws.
 */
export async function measureModel(
  paths: RunPaths,
  config: RunConfig,
  options: {
    readonly model: string;
    readonly seconds: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (share: number) => void;
  },
): Promise<BenchmarkRow[]> {
  const { inputs } = await readReference(paths, config);
  const size = imageSize(config.input);
  const { openTrainedModel } = await import("@mien/train");
  const trained = await openTrainedModel(paths.run);
  const exported: ExpressionClassifier[] = [];
  try {
    for (const threads of THREADS) {
      exported.push(await ExpressionClassifier.open(options.model, { threads }));
    }
    const rows: BenchmarkRow[] = [];
    for (const [done, batch] of BATCHES.entries()) {
      const pixels = Float32Array.from(
        { length: batch * size },
        (_, i) => inputs[i % inputs.length] as number,
      );
      const contenders: (Contender & { threads: number | null })[] = [
        {
          name: "tfjs-node predict",
          threads: null,
          call: () => trained.predictSync(pixels, batch),
        },
        ...exported.map((classifier, i) => {
          const threads = THREADS[i] as number;
          return {
            name: `onnxruntime, ${threads} thread${threads === 1 ? "" : "s"}`,
            threads,
            call: () => classifier.run(pixels, batch),
          };
        }),
      ];
      const timings = await timeAlternating(contenders, {
        seconds: options.seconds,
        signal: options.signal,
        onProgress: (share) => options.onProgress?.((done + share) / BATCHES.length),
      });
      const [tfjs] = timings as [Timing];
      timings.forEach((timing, i) => {
        rows.push({
          ...timing,
          batch,
          threads: (contenders[i] as (typeof contenders)[number]).threads,
          perFace: timing.median / batch,
          factor: tfjs.median / timing.median,
        });
      });
    }
    return rows;
  } finally {
    trained.dispose();
    for (const classifier of exported) await classifier.close();
  }
}
