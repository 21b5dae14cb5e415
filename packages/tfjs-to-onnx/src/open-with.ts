import { MienError } from "@mien/format";
import type { OpenedGraph } from "./rewrite/quantisation-ranges.ts";

/** The part of `onnxruntime-node` and `onnxruntime-web` that runs a file. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: object): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => object;
}

/** An open file of onnxruntime. */
interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, object>): Promise<Readonly<Record<string, object>>>;
  release(): Promise<void>;
}

/**
 * A function that opens ONNX files with onnxruntime.
 *
 * @param ort the module `onnxruntime-node` or `onnxruntime-web`.
 */
export function openWith(ort: OnnxRuntime): (onnx: Uint8Array) => Promise<OpenedGraph> {
  return async (onnx) => {
    const session = await ort.InferenceSession.create(onnx, { logSeverityLevel: 3 });
    return {
      outputNames: session.outputNames,
      async run(inputs) {
        const feeds = session.inputNames.map((name, i): [string, object] => {
          const input = inputs[i];
          if (input === undefined) throw new MienError("bad-data", `input ${name} has no values`);
          return [name, new ort.Tensor("float32", input.data, input.shape)];
        });
        const answers = await session.run(Object.fromEntries(feeds));
        return session.outputNames.map((name) => {
          const { dims, data } = floats(answers[name], name);
          return { shape: dims, data };
        });
      },
      close: () => session.release(),
    };
  };
}

function floats(value: object | undefined, name: string): { dims: number[]; data: Float32Array } {
  const data = value !== undefined && "data" in value ? value.data : undefined;
  const dims = value !== undefined && "dims" in value ? value.dims : undefined;
  if (data instanceof Float32Array && Array.isArray(dims)) return { dims: dims.map(Number), data };
  throw new MienError("bad-model", `onnxruntime gives no float32 numbers for ${name}`);
}
