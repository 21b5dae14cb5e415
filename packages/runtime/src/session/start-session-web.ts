import { MienError, messageOf } from "@mien/format";
import { InferenceSession, env } from "onnxruntime-web/wasm";

/** How onnxruntime-web opens a model. */
export interface WebSessionOptions {
  /** Threads inside one operation, at least 1. */
  readonly threads: number;
  /** Absolute address of `ort-wasm-simd-threaded.wasm`; undefined if it is beside the script. */
  readonly wasmPath: string | undefined;
  /** Absolute address of `ort-wasm-simd-threaded.mjs`, which threads load. */
  readonly wasmModulePath: string | undefined;
}

/**
 * Opens a model on this thread: that of the page, or a web worker.
 *
 * @throws {MienError} `environment` if onnxruntime-web cannot start. Any other error is its reason why
 * it cannot load the model.
 */
export async function startSession(
  bytes: Uint8Array,
  options: WebSessionOptions,
): Promise<InferenceSession> {
  await configure(options);
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: ["wasm"],
      logSeverityLevel: 4,
    });
  } catch (error) {
    const message = messageOf(error);
    // The message begins like this when onnxruntime itself did not start.
    if (!message.startsWith("no available backend")) throw error;
    throw cannotStart(message, message.includes("due to timeout") ? NO_THREADS : NO_WASM, error);
  }
}

const NO_WASM =
  "Serve node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm with the page " +
  "and give its address as the option wasmPath.";
const NO_THREADS =
  "Serve ort-wasm-simd-threaded.mjs of the same folder, too, with the headers " +
  "Cross-Origin-Embedder-Policy: require-corp and Content-Type: text/javascript, give its address " +
  "as the option wasmModulePath, and reload the page. Or leave out the option threads.";

/** Time that threads may take to start after all downloads, in milliseconds. */
const THREADS_START_MS = 30_000;

/** Whether onnxruntime-web is configured; it reads its settings once, at the first session. */
let isConfigured = false;

async function configure(options: WebSessionOptions): Promise<void> {
  const { threads, wasmPath, wasmModulePath } = options;
  if (isConfigured) return;
  const { wasm } = env;
  wasm.numThreads = threads;
  if (wasmPath !== undefined) wasm.wasmPaths = { wasm: wasmPath };
  if (threads > 1 && globalThis.crossOriginIsolated) {
    if (wasmPath === undefined) {
      throw new MienError("usage", "threads above 1 need the option wasmPath in a page", {
        advice: NO_WASM,
      });
    }
    const module = wasmModulePath ?? wasmPath.replace(/\.wasm(?=$|[?#])/, ".mjs");
    // Threads load this file. Without it they would load the page's own script and never start.
    await download(module, NO_THREADS);
    wasm.wasmBinary = await download(wasmPath, NO_WASM);
    wasm.wasmPaths = { wasm: wasmPath, mjs: module };
    // The time counts only from here, so that a slow network is not mistaken for a failed start.
    wasm.initTimeout = THREADS_START_MS;
  }
  isConfigured = true;
}

/** @param advice of the error if the download fails. */
async function download(address: string, advice: string): Promise<ArrayBuffer> {
  try {
    const response = await fetch(address);
    const type = response.headers.get("Content-Type") ?? "";
    // Servers of single-page applications send their page instead of the status 404.
    if (response.ok && !type.startsWith("text/html")) return await response.arrayBuffer();
    throw new Error(response.ok ? `found ${type}` : `HTTP ${response.status}`);
  } catch (error) {
    throw cannotStart(`cannot fetch ${address}: ${messageOf(error)}`, advice, error);
  }
}

function cannotStart(problem: string, advice: string, cause: unknown): MienError {
  return new MienError("environment", `onnxruntime-web cannot start: ${problem}`, {
    advice,
    cause,
  });
}
