import { createRequire } from "node:module";
import util from "node:util";
import { MienError, messageOf } from "@mien/format";

/** The tfjs-node namespace: stock tfjs on the native TensorFlow backend. */
export type TensorFlow = typeof import("@tensorflow/tfjs-node");

const requireModule: (name: "@tensorflow/tfjs-node") => TensorFlow = createRequire(import.meta.url);

/**
 * Loads tfjs-node and checks that it computes natively.
 *
 * @param load loads the module; only tests give another function than the default.
 * @throws {MienError} `environment` if the addon is missing or tfjs chose another backend.
 * @internal exported for tests.
 */
export function loadTensorFlow(load: () => TensorFlow = requireTfjsNode): TensorFlow {
  const advice = "Run `npm run setup`; it builds the native addon and says what is missing.";
  let tf: TensorFlow;
  try {
    tf = load();
  } catch (error) {
    const [problem] = messageOf(error).split("\n");
    throw new MienError("environment", `native TensorFlow does not load: ${problem}`, {
      advice,
      cause: error,
    });
  }
  if (tf.getBackend() !== "tensorflow") {
    throw new MienError(
      "environment",
      `expected tfjs to run on its native "tensorflow" backend, found "${tf.getBackend()}"`,
      { advice },
    );
  }
  return tf;
}

function requireTfjsNode(): TensorFlow {
  // TensorFlow reads this when it is loaded; 2 means that it logs only errors.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // By default, TensorFlow uses oneDNN's convolutions only on processors with VNNI, bf16 or AMX
  // instructions. On processors that have only AVX2, oneDNN's convolutions also
  // shorten a training step by a third.
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  // A limit of the threads in one operation also limits how many operations run at the same time.
  const threads = process.env["TF_NUM_INTRAOP_THREADS"];
  if (threads !== undefined) process.env["TF_NUM_INTEROP_THREADS"] ??= threads;
  // tfjs-node 4.22 calls two functions that are deprecated in Node 22 and absent from Node 23.
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
  return requireModule("@tensorflow/tfjs-node");
}

/** tfjs-node. It is loaded together with this module, which takes a second and 200 MB. */
export const tf: TensorFlow = loadTensorFlow();

/** A tensor as the addon describes it. */
export interface AddonTensor {
  readonly id: number;
  readonly shape: readonly number[];
  /** TensorFlow's number of the data type. */
  readonly dtype: number;
}

/** The type of the outputs of an operation, by the number of outputs. */
interface OutputsByCount {
  readonly 0: [];
  readonly 1: [AddonTensor];
  readonly 2: [AddonTensor, AddonTensor];
  readonly 3: [AddonTensor, AddonTensor, AddonTensor];
  readonly 5: [AddonTensor, AddonTensor, AddonTensor, AddonTensor, AddonTensor];
  readonly 6: [AddonTensor, AddonTensor, AddonTensor, AddonTensor, AddonTensor, AddonTensor];
}

/** The numbers of outputs that the operations in use have. */
export type OutputCount = keyof OutputsByCount;

/** As many tensors as an operation has outputs. */
export type Outputs<N extends OutputCount> = OutputsByCount[N];

/** The functions of tfjs-node's addon that run TensorFlow operations by name. */
interface Binding {
  readonly TF_Version: string;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp<N extends OutputCount>(
    name: string,
    attributes: readonly object[],
    inputs: readonly number[],
    outputs: N,
  ): Outputs<N>;
  getNumOfTensors(): number;
  /**
   * Opens the graph in a folder in TensorFlow's SavedModel format.
   *
   * @returns the id of its session.
   */
  loadSavedModel(folder: string, tags: string): number;
  /**
   * Runs a part of the graph synchronously.
   *
   * @param inputs ids of tensors for the nodes in `inputNames`.
   * @param inputNames such as `x:0,y:0`.
   * @param outputNames the outputs to compute, such as `z:0`.
   */
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): readonly AddonTensor[];
  deleteSavedModel(session: number): void;
}

/** tfjs-node's addon. */
export const binding: Binding = (tf.backend() as unknown as { binding: Binding }).binding;

/** The version of the TensorFlow library, e.g. 2.18.1. */
export const tensorFlowVersion: string = binding.TF_Version;
