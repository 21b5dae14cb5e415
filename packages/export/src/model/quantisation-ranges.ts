import { itemAt, type NamedTensor } from "@mien/format";
import { encodeOnnxModel, type Graph, quantizedValues, type Range } from "@mien/tfjs-to-onnx";
import { openOnnx } from "@mien/runtime";

/** Approximate number of samples of each value from which its range is chosen. */
const SAMPLE = 100_000;
/** Images per run of the graph. */
const BATCH = 16;

/**
 * Measures the quantisation ranges of a graph: runs it on images and chooses, for each value that
 * `quantize` converts to bytes, the range with the smallest mean squared error of rounding and
 * clipping.
 *
 * @param images float32 [N, height, width, channels], at least one.
 * @param onProgress called with the share of images that are done, 0–1.
 * @returns a range for each of `quantizedValues(graph)`.
 */
export async function measureRanges(
  graph: Graph,
  images: NamedTensor,
  onProgress?: (share: number) => void,
): Promise<Map<string, Range>> {
  const values = quantizedValues(graph);
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const inner = values.filter((name) => !inputs.has(name));
  const outputs = inner.map((name) => ({ name }));
  const model = await openOnnx(encodeOnnxModel({ ...graph, outputs }));
  const samples = new Map<string, number[]>(values.map((name) => [name, []]));
  const [count = 0, ...shape] = images.shape;
  const size = images.data.length / count;
  const addSamples = (name: string, data: NamedTensor["data"]) => {
    const sample = samples.get(name) ?? [];
    const stride = Math.max(1, Math.floor((data.length * count) / BATCH / SAMPLE));
    // An odd stride has no common factor with a channel count that is a power of two, so all
    // channels are sampled.
    for (let i = 0; i < data.length; i += stride | 1) sample.push(Number(data[i]));
  };
  try {
    for (let at = 0; at < count; at += BATCH) {
      const end = Math.min(at + BATCH, count);
      const data = images.data.subarray(at * size, end * size);
      for (const name of values) if (inputs.has(name)) addSamples(name, data);
      const answers = await model.run([{ shape: [end - at, ...shape], data }]);
      model.outputNames.forEach((name, i) => addSamples(name, itemAt(answers, i).data));
      onProgress?.(end / count);
    }
  } finally {
    await model.close();
  }
  return new Map([...samples].map(([name, sample]) => [name, bestRange(sample)]));
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
