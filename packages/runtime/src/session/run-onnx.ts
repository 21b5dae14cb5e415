import { MienError, fromHalf, type NamedTensor } from "@mien/format";
import { loadOnnxruntime } from "./onnxruntime.ts";
import type { InferenceSession, Tensor } from "onnxruntime-common";

/** An open model with any number of inputs and outputs. */
export interface OnnxModel {
  /** Names of the outputs in the order of the graph. */
  readonly outputNames: readonly string[];
  /**
   * Runs the model.
   *
   * @param inputs float32, in the order of the graph.
   * @returns the outputs as float32, in the order of the graph.
   * @throws {MienError} `usage` if an input is missing or is not float32.
   */
  run(inputs: readonly NamedTensor[]): Promise<NamedTensor[]>;
  /** Frees the model. */
  close(): Promise<void>;
}

/**
 * Opens a model in onnxruntime.
 *
 * @param bytes the content of the ONNX file.
 * @param threads inside one operation; default 1.
 * @throws onnxruntime's error if it cannot load the model.
 * @example
 * const model = await openOnnx(await readFile("model.onnx"));
 * const [output] = await model.run([{ shape: [1, 48, 48, 1], data: new Float32Array(48 * 48) }]);
 * await model.close();
 */
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
          const input = inputs[i];
          if (!(input?.data instanceof Float32Array)) {
            throw new MienError("usage", `input ${name} of the model must be a float32 tensor`);
          }
          return [name, new Tensor("float32", input.data, input.shape)] as const;
        }),
      );
      const outputs = await session.run(feeds);
      return session.outputNames.map((name) => {
        const output = outputs[name];
        if (output === undefined) throw new Error(`onnxruntime returned no output ${name}`);
        return { shape: output.dims, data: toFloats(output.data) };
      });
    },
    close: () => session.release(),
  };
}

/**
 * Opens a model, runs it once and closes it.
 *
 * @example
 * const [output] = await runOnnx(bytes, [{ shape: [1, 3], data: Float32Array.of(1, 2, 3) }]);
 */
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

/** 16-bit floats come as their bits in Node 20 and 22, and as numbers in later versions. */
function toFloats(data: Tensor["data"]): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, fromHalf);
  return Float32Array.from(data, Number);
}
