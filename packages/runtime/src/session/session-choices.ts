import type { SessionOptions } from "./ort.ts";

/** How onnxruntime runs a model. */
export interface SessionChoices {
  /**
   * Threads that onnxruntime uses inside one operation; default 1, which is fastest for small
   * models, at most 256. In the browser the first model of a page decides; more than one needs
   * `wasmPath` and a cross-origin isolated page, and on other pages one is used.
   */
  readonly threads?: number;
  /**
   * Node only: each model computes on a thread of its own, so that several work at the same time and
   * the thread that calls them is free; default false. Costs some 10 MB and 50 ms of starting a model.
   */
  readonly background?: boolean;
  /**
   * Browser only: the address of onnxruntime's `ort-wasm-simd-threaded.wasm`, relative to the page;
   * default: beside the script. The first model of a page decides.
   */
  readonly wasmPath?: string | URL;
  /**
   * Browser only, and only used with more than one thread: the address of onnxruntime's
   * `ort-wasm-simd-threaded.mjs`, relative to the page; each thread loads it. Default: the address
   * `wasmPath` with the ending `.mjs`. The first model of a page decides.
   */
  readonly wasmModulePath?: string | URL;
}

/** Fills in the defaults of checked options. */
export function resolveSession({
  threads = 1,
  background = false,
  wasmPath,
  wasmModulePath,
}: SessionChoices): SessionOptions {
  return { threads, background, wasmPath, wasmModulePath };
}
