import { pipelineSettings, type OptionsOf } from "../pipeline-settings.ts";
import type { SessionOptions } from "./ort.ts";

/** Where a page finds the files of onnxruntime-web. */
export interface SessionFiles {
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

/** How onnxruntime runs a model. */
export interface SessionChoices
  extends SessionFiles, OptionsOf<Pick<typeof pipelineSettings, "threads" | "background">> {}

/** Fills in the defaults of checked options. */
export function resolveSession({
  threads = pipelineSettings.threads.default,
  background = pipelineSettings.background.default,
  wasmPath,
  wasmModulePath,
}: SessionChoices): SessionOptions {
  return { threads, background, wasmPath, wasmModulePath };
}
