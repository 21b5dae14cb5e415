import type { NamedTensor } from "@mien/format";
import { encodeOnnxModel, type Graph, quantizedValues, type Range } from "@mien/tfjs-to-onnx";
import { openOnnx } from "@mien/runtime";

/** Numbers of each value that a range is chosen by. */
const SAMPLE = 100_000;
/** Images that go through the graph at a time. */
const BATCH = 16;

/**
 * Runs images through a graph and chooses the range of each value that quantisation turns into
 * bytes: the one that loses least, as the mean square of rounding and cutting off.
 *
 * @param images float32 [N, height, width, channels], at least one.
 */
export async function calibrate(
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
  const take = (name: string, data: NamedTensor["data"]) => {
    const sample = samples.get(name) as number[];
    const stride = Math.max(1, Math.floor((data.length * count) / BATCH / SAMPLE));
    // A stride that shares no factor with the channels meets all of them.
    for (let i = 0; i < data.length; i += stride | 1) sample.push(data[i] as number);
  };
  try {
    for (let at = 0; at < count; at += BATCH) {
      const end = Math.min(at + BATCH, count);
      const data = images.data.subarray(at * size, end * size);
      for (const name of values) if (inputs.has(name)) take(name, data);
      const answers = await model.run([{ shape: [end - at, ...shape], data }]);
      model.outputNames.forEach((name, i) => take(name, (answers[i] as NamedTensor).data));
      onProgress?.(end / count);
    }
  } finally {
    await model.close();
  }
  return new Map([...samples].map(([name, sample]) => [name, bestRange(sample)]));
}

/** The range, a share of the whole one, with the least mean square error of 256 steps. */
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
