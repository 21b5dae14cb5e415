import { pipelineSettings } from "../pipeline-settings.ts";
import type { OptionsOf } from "../setting.ts";
import type { DownloadOptions } from "./download-options.ts";
import type { ResolvedSessionOptions } from "./ort.ts";

/** Where a page finds the files of onnxruntime-web. */
export interface SessionFiles {
  /**
   * Browser only: the address of onnxruntime's `ort-wasm-simd-threaded.wasm`, relative to the page;
   * default: in the folder of the script. The first model of a page decides.
   */
  readonly wasmPath?: string | URL | undefined;
  /**
   * Browser only, and used only with more than one thread: the address of onnxruntime's
   * `ort-wasm-simd-threaded.mjs`, relative to the page, which each thread loads; default: `wasmPath`
   * with the ending `.mjs`. The first model of a page decides.
   */
  readonly wasmModulePath?: string | URL | undefined;
}

/** How onnxruntime runs a model. */
export interface SessionOptions
  extends
    SessionFiles,
    DownloadOptions,
    OptionsOf<Pick<typeof pipelineSettings, "threads" | "background">> {}

/** Fills in the defaults of checked options. */
export function resolveSession({
  threads = pipelineSettings.threads.default,
  background = pipelineSettings.background.default,
  wasmPath,
  wasmModulePath,
}: SessionOptions): ResolvedSessionOptions {
  return { threads, background, wasmPath, wasmModulePath };
}
