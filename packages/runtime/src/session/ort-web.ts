import { Tensor, InferenceSession } from "onnxruntime-web/wasm";
import { openBackgroundSession } from "./background-session.ts";
import { fetchModel } from "./fetch-model.ts";
import { wrapSession, type Ort } from "./ort.ts";
import { startSession } from "./start-session-web.ts";
import { startThread } from "./web-thread.ts";

export const ort: Ort = {
  load: () => Promise.resolve({ InferenceSession, Tensor }),

  async readModel(source, options) {
    if (source instanceof Uint8Array) return { bytes: source, name: "the model" };
    return fetchModel(source, options);
  },

  async createSession(bytes, { threads, background, wasmPath, wasmModulePath }) {
    const options = {
      threads,
      // A worker would resolve addresses against its own script.
      wasmPath: wasmPath === undefined ? undefined : absolute(wasmPath),
      wasmModulePath: wasmModulePath === undefined ? undefined : absolute(wasmModulePath),
    };
    if (background) return openBackgroundSession(startThread({ bytes, options }), Tensor);
    return wrapSession(await startSession(bytes, options), Tensor);
  },
};

/** Resolves an address against the page; onnxruntime-web would resolve it against its own script. */
function absolute(address: string | URL): string {
  return new URL(address, globalThis.location?.href).href;
}
