import type { InferenceSession, InferenceSessionFactory, Tensor } from "onnxruntime-node";

/**
 * What the rest of the package needs of onnxruntime. `ort-node.ts` and `ort-web.ts` both provide it;
 * the import map of package.json (`#ort`) picks one.
 */
export interface Ort {
  /** The library itself, with its telemetry off. */
  load(): Promise<Onnxruntime>;
  /**
   * Fetches a model's bytes.
   *
   * @throws {MienError} `missing-file` if there is nothing to read there.
   */
  readModel(source: ModelSource): Promise<ModelBytes>;
  /**
   * Loads a model.
   *
   * @throws {MienError} `environment` if onnxruntime itself cannot start. Whatever else is thrown
   * is onnxruntime's complaint about the model.
   */
  createSession(bytes: Uint8Array, options: SessionOptions): Promise<Session>;
}

/** What of onnxruntime is the same in Node and in a browser. */
export interface Onnxruntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: typeof Tensor;
}

/** A file's path (Node) or address (browser), or its content. */
export type ModelSource = string | URL | Uint8Array;

/** A model file's content and what to call it in errors. */
export interface ModelBytes {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** Resolved options of a session. */
export interface SessionOptions {
  /** Threads inside one operation, at least 1. */
  readonly threads: number;
  /** Node only: computes on a thread of its own instead of the one that calls. */
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
  /** Names stand for dimensions that are free; empty if the graph does not tell. */
  readonly shape: readonly (number | string)[];
}

/** A loaded model. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Feeds the first input and answers with the first output. */
  run(data: Float32Array, shape: readonly number[]): Promise<Tensor>;
  /** Feeds the first input and answers with every output by name. */
  runAll(data: Float32Array, shape: readonly number[]): Promise<Readonly<Record<string, Tensor>>>;
  /** Frees the model; nothing may run then or later. */
  release(): Promise<void>;
}

/** Wraps a session of either onnxruntime; `TensorType` is that library's own constructor. */
export function wrapSession(session: InferenceSession, TensorType: typeof Tensor): Session {
  const [input = ""] = session.inputNames;
  const [output = ""] = session.outputNames;
  return {
    inputs: session.inputMetadata.map(tensorInfo),
    outputs: session.outputMetadata.map(tensorInfo),
    async run(data, shape) {
      const feeds = { [input]: new TensorType("float32", data, shape) };
      return (await session.run(feeds, [output]))[output] as Tensor;
    },
    async runAll(data, shape) {
      return await session.run({ [input]: new TensorType("float32", data, shape) });
    },
    release: () => session.release(),
  };
}

/** What a session says of an input or output, in this package's words. */
export function tensorInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: "not a tensor", shape: [] };
}
