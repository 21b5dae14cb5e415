import { fromHalf, type NamedTensor } from "@mien/format";
import { loadOnnxruntime } from "./onnxruntime.ts";
import type { InferenceSession } from "onnxruntime-node";

/** An open model of any inputs and outputs. */
export interface OnnxModel {
  readonly outputNames: readonly string[];
  /** Feeds the inputs in the order of the graph and answers the outputs in theirs. */
  run(inputs: readonly NamedTensor[]): Promise<NamedTensor[]>;
  close(): Promise<void>;
}

/** Opens a model in onnxruntime, one thread unless asked for more. */
export async function openOnnx(bytes: Uint8Array, threads = 1): Promise<OnnxModel> {
  const { InferenceSession, Tensor } = await loadOnnxruntime();
  const session: InferenceSession = await InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  return {
    outputNames: session.outputNames,
    async run(inputs) {
      const feeds = Object.fromEntries(
        session.inputNames.map((name, i) => {
          const { shape, data } = inputs[i] as NamedTensor;
          return [name, new Tensor("float32", data as Float32Array, shape)] as const;
        }),
      );
      const answers = await session.run(feeds);
      return session.outputNames.map((name) => {
        const { dims, data } = answers[name] as InstanceType<typeof Tensor>;
        return { shape: dims, data: toFloats(data as Float32Array | Uint16Array) };
      });
    },
    close: () => session.release(),
  };
}

/** Opens a model, runs it once and closes it. */
export async function runOnnx(
  bytes: Uint8Array,
  inputs: readonly NamedTensor[],
): Promise<NamedTensor[]> {
  const model = await openOnnx(bytes);
  try {
    return await model.run(inputs);
  } finally {
    await model.close();
  }
}

/** Node holds 16-bit floats as their bits, its newer versions as numbers of their own kind. */
function toFloats(data: Float32Array | Uint16Array): Float32Array {
  if (data instanceof Float32Array) return data;
  return data instanceof Uint16Array ? Float32Array.from(data, fromHalf) : Float32Array.from(data);
}
