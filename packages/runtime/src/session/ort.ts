import type { InferenceSession, InferenceSessionFactory, Tensor } from "onnxruntime-common";
import type { DownloadOptions } from "./download-options.ts";

/**
 * The functions of onnxruntime that the rest of the package uses. `ort-node.ts` and `ort-web.ts` both
 * implement them; the import map of package.json (`#ort`) selects one.
 */
export interface Ort {
  /** The library itself, with its telemetry switched off. */
  load(): Promise<Onnxruntime>;
  /**
   * Reads or downloads the content of a model file.
   *
   * @throws {MienError} `missing-file` if it cannot be read.
   */
  readModel(source: ModelSource, options: DownloadOptions): Promise<ModelBytes>;
  /**
   * Loads a model.
   *
   * @throws {MienError} `environment` if onnxruntime itself cannot start. Any other error is
   * onnxruntime's reason why it cannot load the model.
   */
  createSession(bytes: Uint8Array, options: ResolvedSessionOptions): Promise<Session>;
}

/** The part of onnxruntime that is the same in Node and in a browser. */
export interface Onnxruntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: typeof Tensor;
}

/** A model: the path of its file (Node), its address (browser or URL), or its content. */
export type ModelSource = string | URL | Uint8Array;

/** The content of a model file, and its name in errors. */
export interface ModelBytes {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** The options of a session with every value decided. */
export interface ResolvedSessionOptions {
  /** Threads inside one operation, at least 1. */
  readonly threads: number;
  /** Whether the model computes on a thread of its own. */
  readonly background: boolean;
  /** Browser only: the address of `ort-wasm-simd-threaded.wasm`. */
  readonly wasmPath: string | URL | undefined;
  /** Browser only: the address of `ort-wasm-simd-threaded.mjs`, which threads load. */
  readonly wasmModulePath: string | URL | undefined;
}

/** An input or output of a graph. */
export interface TensorInfo {
  readonly name: string;
  /** For example `float32`; `not a tensor` for sequences and maps. */
  readonly type: string;
  /** A free dimension is given by its name; empty if the graph does not declare a shape. */
  readonly shape: readonly (number | string)[];
}

/** A loaded model. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Feeds the first input and returns the first output. */
  run(data: Float32Array, shape: readonly number[]): Promise<Tensor>;
  /** Feeds the first input and returns every output by name. */
  runAll(data: Float32Array, shape: readonly number[]): Promise<Readonly<Record<string, Tensor>>>;
  /** Frees the model. Nothing may run at that time or later. */
  release(): Promise<void>;
}

/**
 * Wraps a session of onnxruntime-node or onnxruntime-web.
 *
 * @param TensorType that library's own constructor.
 */
export function wrapSession(session: InferenceSession, TensorType: typeof Tensor): Session {
  const [input = ""] = session.inputNames;
  const [output = ""] = session.outputNames;
  return {
    inputs: session.inputMetadata.map(tensorInfo),
    outputs: session.outputMetadata.map(tensorInfo),
    async run(data, shape) {
      const feeds = { [input]: new TensorType("float32", data, shape) };
      const { [output]: result } = await session.run(feeds, [output]);
      if (result === undefined) throw new Error(`onnxruntime returned no output ${output}`);
      return result;
    },
    async runAll(data, shape) {
      return await session.run({ [input]: new TensorType("float32", data, shape) });
    },
    release: () => session.release(),
  };
}

/** The description of an input or output in onnxruntime's metadata. */
export function tensorInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: "not a tensor", shape: [] };
}
