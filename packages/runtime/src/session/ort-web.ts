import { MienError, messageOf } from "@mien/format";
import { InferenceSession, Tensor, env } from "onnxruntime-web/wasm";
import { fetchModel } from "./fetch-model.ts";
import { wrapSession, type Ort, type SessionOptions } from "./ort.ts";

export const ort: Ort = {
  load: () => Promise.resolve({ InferenceSession, Tensor }),

  async readModel(source) {
    if (source instanceof Uint8Array) return { bytes: source, name: "the model" };
    return fetchModel(source);
  },

  async createSession(bytes, options) {
    await configure(options);
    try {
      const session = await InferenceSession.create(bytes, {
        executionProviders: ["wasm"],
        logSeverityLevel: 4,
      });
      return wrapSession(session, Tensor);
    } catch (error) {
      const message = messageOf(error);
      // This is how it begins when onnxruntime did not start, whatever the model is.
      if (!message.startsWith("no available backend")) throw error;
      throw cannotStart(message, message.includes("due to timeout") ? NO_THREADS : NO_WASM, error);
    }
  },
};

const NO_WASM =
  "Serve node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm with the page " +
  "and give its address as the option wasmPath.";
const NO_THREADS =
  "Serve ort-wasm-simd-threaded.mjs of the same folder, too, with the headers " +
  "Cross-Origin-Embedder-Policy: require-corp and Content-Type: text/javascript, give its address " +
  "as the option wasmModulePath, and load the page anew. Or leave out the option threads.";

/** How long threads may take to start once everything is downloaded, in milliseconds. */
const THREADS_START_MS = 30_000;

/** Whether the settings below are made; onnxruntime-web reads them once, at the first session. */
let isConfigured = false;

async function configure({ threads, wasmPath, wasmModulePath }: SessionOptions): Promise<void> {
  if (isConfigured) return;
  const { wasm } = env;
  wasm.numThreads = threads;
  if (wasmPath !== undefined) wasm.wasmPaths = { wasm: absolute(wasmPath) };
  if (threads > 1 && globalThis.crossOriginIsolated) {
    if (wasmPath === undefined) {
      throw new MienError("usage", "threads above 1 need the option wasmPath in a page", {
        advice: NO_WASM,
      });
    }
    const module = absolute(wasmModulePath ?? String(wasmPath).replace(/\.wasm(?=$|[?#])/, ".mjs"));
    // Threads load this file. Without it they would load the page's own script, and never answer.
    await download(module, NO_THREADS);
    wasm.wasmBinary = await download(absolute(wasmPath), NO_WASM);
    wasm.wasmPaths = { wasm: absolute(wasmPath), mjs: module };
    // Counts only from here, so that a slow network is not taken for threads that do not start.
    wasm.initTimeout = THREADS_START_MS;
  }
  isConfigured = true;
}

/** @param advice what to do if there is nothing. */
async function download(address: string, advice: string): Promise<ArrayBuffer> {
  try {
    const response = await fetch(address);
    const type = response.headers.get("Content-Type") ?? "";
    // Servers of single-page applications answer with their page instead of 404.
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

/** onnxruntime-web resolves relative addresses against its own script; people mean the page. */
function absolute(address: string | URL): string {
  return new URL(address, globalThis.location?.href).href;
}
