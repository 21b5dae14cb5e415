import { MienError } from "@mien/format";
import type { SessionOptions } from "./ort.ts";

/** How onnxruntime runs a model. */
export interface SessionChoices {
  /**
   * Threads that onnxruntime uses inside one operation; default 1, which is fastest for small
   * models. In the browser the first model of a page decides, and more than one needs a cross-origin
   * isolated page.
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
}

/** @throws {MienError} `usage` unless `threads` is a whole number of at least 1. */
export function resolveSession({
  threads = 1,
  background = false,
  wasmPath,
}: SessionChoices): SessionOptions {
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new MienError("usage", `threads must be a whole number of at least 1, found ${threads}`);
  }
  return { threads, background, wasmPath };
}
