import { ort } from "#ort";
import type { Onnxruntime } from "./ort.ts";

/**
 * The onnxruntime that this package uses, with its telemetry off: onnxruntime-node in Node,
 * onnxruntime-web's WebAssembly build in a browser. A program that needs it for models of its own
 * should take it from here, as onnxruntime-node reports to Microsoft if it is imported first.
 *
 * @throws {MienError} `environment` if it cannot be loaded, or its telemetry cannot be switched off.
 * @example
 * const { InferenceSession, Tensor } = await loadOnnxruntime();
 * const session = await InferenceSession.create("model.onnx");
 */
export function loadOnnxruntime(): Promise<Onnxruntime> {
  return ort.load();
}
