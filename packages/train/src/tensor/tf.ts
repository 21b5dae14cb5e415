import { createRequire } from "node:module";
import { MienError, messageOf } from "@mien/format";

/** The tfjs-node namespace: stock tfjs on the native TensorFlow backend. */
export type TensorFlow = typeof import("@tensorflow/tfjs-node");

const require = createRequire(import.meta.url);

/**
 * Loads tfjs-node and makes sure that it computes natively.
 *
 * @param load what brings the module; given only to test how failures are reported.
 * @throws {MienError} `environment` if the addon is missing or another backend took its place.
 */
export function loadTensorFlow(load: () => unknown = requireTfjsNode): TensorFlow {
  const advice = "Run `npm run setup`; it builds the native addon and says what is missing.";
  let tf: TensorFlow;
  try {
    tf = load() as TensorFlow;
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

function requireTfjsNode(): unknown {
  // TensorFlow reads this once, when it is loaded; 2 leaves only errors.
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // TensorFlow takes oneDNN's convolutions by itself only on processors with VNNI, bf16 or AMX
  // instructions; on those with AVX2 alone a step takes a third less time with them, too.
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  // tfjs-node 4.22 calls two helpers that Node 22 warns of and Node 23 removed.
  const util = require("node:util") as Record<string, unknown>;
  util["isNullOrUndefined"] = (value: unknown) => value === null || value === undefined;
  util["isArray"] = Array.isArray;
  return require("@tensorflow/tfjs-node");
}

/** tfjs-node, loaded when this module is: import it only where tensors are really needed. */
export const tf: TensorFlow = loadTensorFlow();

/** The few functions of tfjs-node's addon that run TensorFlow operations by name. */
export interface Binding {
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
  executeOp(
    name: string,
    attributes: readonly object[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number; shape: number[]; dtype: number }[];
  getNumOfTensors(): number;
}

/** tfjs-node's addon. */
export const binding: Binding = (tf.backend() as unknown as { binding: Binding }).binding;

/** The version of the TensorFlow library underneath, e.g. 2.18.1. */
export const tensorFlowVersion: string = binding.TF_Version;
