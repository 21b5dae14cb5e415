import { itemAt, MienError } from "@mien/format";
import { sizeOf } from "../graph/array.ts";
import { encodeOnnxModel, type Graph } from "../graph/onnx-model.ts";
import { quantizedValues, type Range } from "./quantize.ts";

/** Numbers for an input, or from an output, of a graph. */
export interface GraphTensor {
  /** With the batch size first. */
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** An ONNX file that is ready to run. */
export interface OpenedGraph {
  readonly outputNames: readonly string[];
  /** @param inputs in the order of the graph's inputs. @returns the outputs in the order of `outputNames`. */
  run(inputs: readonly FloatTensor[]): Promise<readonly GraphTensor[]>;
  close(): Promise<void>;
}

/** Inputs of a graph for several samples: float32 [N, …]. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Approximate number of samples of each value from which its range is chosen. */
const SAMPLE = 100_000;
/** Images per run of the graph. */
const BATCH = 16;

/**
 * Measures the quantisation ranges of a graph: runs it on samples and chooses, for each value that
 * `quantize` converts to bytes, the range with the smallest mean squared error of rounding and
 * clipping.
 *
 * @param samples float32 [N, …] for each input of the graph, with the same N, at least one.
 * @param options.open opens an ONNX file.
 * @param options.onProgress called with the share of samples that are done, 0–1.
 * @returns a range for each of `quantizedValues(graph)`.
 * @throws {MienError} `bad-data` if the samples do not fit the inputs of the graph.
 */
export async function measureRanges(
  graph: Graph,
  samples: readonly FloatTensor[],
  options: {
    readonly open: (onnx: Uint8Array) => Promise<OpenedGraph>;
    readonly onProgress?: (share: number) => void;
  },
): Promise<Map<string, Range>> {
  const count = countSamples(graph, samples);
  const values = quantizedValues(graph);
  const inputs = graph.inputs.map(({ name }) => name);
  const inner = values.filter((name) => !inputs.includes(name));
  const outputs = inner.map((name) => ({ name }));
  const found = new Map<string, number[]>(values.map((name) => [name, []]));
  const addSamples = (name: string, data: ArrayLike<number>) => {
    const sample = found.get(name) ?? [];
    const stride = Math.max(1, Math.floor((data.length * count) / BATCH / SAMPLE));
    // An odd stride has no common factor with a channel count that is a power of two, so all
    // channels are sampled.
    for (let i = 0; i < data.length; i += stride | 1) sample.push(Number(data[i]));
  };
  const model =
    outputs.length === 0 ? undefined : await options.open(encodeOnnxModel({ ...graph, outputs }));
  try {
    for (let at = 0; at < count; at += BATCH) {
      const end = Math.min(at + BATCH, count);
      const batch = samples.map(({ shape: [, ...shape], data }): FloatTensor => {
        const size = data.length / count;
        return { shape: [end - at, ...shape], data: data.subarray(at * size, end * size) };
      });
      inputs.forEach((name, i) => {
        if (found.has(name)) addSamples(name, itemAt(batch, i).data);
      });
      const answers = (await model?.run(batch)) ?? [];
      model?.outputNames.forEach((name, i) => addSamples(name, itemAt(answers, i).data));
      options.onProgress?.(end / count);
    }
  } finally {
    await model?.close();
  }
  return new Map([...found].map(([name, sample]) => [name, bestRange(sample)]));
}

/** The number of samples. @throws {MienError} `bad-data` if they do not fit the graph. */
function countSamples(graph: Graph, samples: readonly FloatTensor[]): number {
  const count = samples[0]?.shape[0] ?? 0;
  const fits =
    count > 0 &&
    samples.length === graph.inputs.length &&
    graph.inputs.every(({ shape = [] }, i) => {
      const { shape: given, data } = itemAt(samples, i);
      return given.join() === [count, ...shape].join() && data.length === sizeOf(given);
    });
  if (fits) return count;
  const list = (shapes: readonly string[]) => shapes.map((shape) => `[${shape}]`).join(" and ");
  const wanted = graph.inputs.map(({ shape = [] }) => ["N", ...shape].join(", "));
  const given = samples.map(({ shape }) => shape.join(", "));
  throw new MienError(
    "bad-data",
    `samples for the quantisation must have the shape ${list(wanted)}, found ${list(given) || "none"}`,
  );
}

/**
 * The range with the smallest mean squared error of 256 quantisation steps. Candidates are the range
 * of all numbers, scaled by 1, 0.95, … down to 0.35.
 *
 * @returns a range that contains 0; 0 to 0 for an empty sample.
 * @internal
 */
export function bestRange(sample: readonly number[]): Range {
  let [low, high] = [0, 0];
  for (const value of sample) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  let best = { min: low, max: high, error: Infinity };
  for (let share = 1; share > 0.3; share -= 0.05) {
    const [min, max] = [low * share, high * share];
    const scale = (max - min) / 255 || 1;
    const zero = Math.round(-min / scale);
    let error = 0;
    for (const value of sample) {
      const step = Math.max(0, Math.min(255, Math.round(value / scale) + zero));
      error += ((step - zero) * scale - value) ** 2;
    }
    if (error < best.error) best = { min, max, error };
  }
  return { min: best.min, max: best.max };
}
