import { MienError, messageOf } from "@mien/format";
import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";
import { fetchModel } from "./fetch-model.ts";
import { wrapSession, type Ort } from "./ort.ts";

export const ort: Ort = {
  load: () => Promise.resolve({ InferenceSession, Tensor }),

  async readModel(source) {
    if (source instanceof Uint8Array) return { bytes: source, name: "the model" };
    return fetchModel(source);
  },

  async createSession(bytes, { threads, wasmPath }) {
    // onnxruntime-web reads these once, when the page's first session starts it.
    env.wasm.numThreads = threads;
    if (wasmPath !== undefined) env.wasm.wasmPaths = { wasm: absolute(wasmPath) };
    try {
      const session = await InferenceSession.create(bytes, {
        executionProviders: ["wasm"],
        logSeverityLevel: 4,
      });
      return wrapSession(session, Tensor);
    } catch (error) {
      // This is how it begins when the WebAssembly file did not load, whatever the model is.
      if (!messageOf(error).startsWith("no available backend")) throw error;
      throw new MienError("environment", `onnxruntime-web cannot start: ${messageOf(error)}`, {
        advice:
          "Serve node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm with the page " +
          "and give its address as the option wasmPath.",
        cause: error,
      });
    }
  },
};

/** onnxruntime-web resolves relative addresses against its own script; people mean the page. */
function absolute(address: string | URL): string {
  return new URL(address, globalThis.location?.href).href;
}
