import { ort } from "#ort";
import type { Onnxruntime } from "./ort.ts";

/**
 * Loads the onnxruntime that this package uses, with its telemetry switched off: onnxruntime-node in
 * Node, the WebAssembly build of onnxruntime-web in a browser. A program that runs models of its own
 * should load it with this function, since onnxruntime-node reports usage to Microsoft if it is
 * imported directly.
 *
 * @throws {MienError} `environment` if it cannot be loaded, or its telemetry cannot be
 * switched off.
 * @example
 * const { InferenceSession, Tensor } = await loadOnnxruntime();
 * const session = await InferenceSession.create("model.onnx");
 */
export function loadOnnxruntime(): Promise<Onnxruntime> {
  return ort.load();
}
