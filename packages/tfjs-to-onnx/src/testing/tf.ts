import { createRequire } from "node:module";
import util from "node:util";

export type Tf = typeof import("@tensorflow/tfjs-node");
export type TfModel = ReturnType<Tf["model"]>;
export type TfSymbol = ReturnType<Tf["input"]>;
export type TfLayer = TfModel["layers"][number];

/** tfjs on native TensorFlow, the reference of the tests. */
export function loadTf(): Tf {
  // tfjs-node calls two functions that Node 22 warns of and Node 23 removed.
  const legacy = util as { isNullOrUndefined?: unknown; isArray?: unknown };
  legacy.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  legacy.isArray = Array.isArray;
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // Only oneDNN has dilated depthwise convolutions, and TensorFlow leaves it off on older processors.
  process.env["TF_ENABLE_ONEDNN_OPTS"] ??= "1";
  return createRequire(import.meta.url)("@tensorflow/tfjs-node") as Tf;
}
