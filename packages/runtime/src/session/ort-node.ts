import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HUB_MODEL, MienError, messageOf } from "@mien/format";
import type { InferenceSession } from "onnxruntime-common";
import { openBackgroundSession } from "./background-session.ts";
import { fetchModel } from "./fetch-model.ts";
import { startThread } from "./node-thread.ts";
import { loadOnnxruntime } from "./load-onnxruntime.ts";
import { wrapSession, type ModelBytes, type Ort } from "./ort.ts";

export const ort: Ort = {
  load: loadOnnxruntime,

  async readModel(source, options) {
    if (source instanceof Uint8Array) return { bytes: source, name: "the model" };
    if (source instanceof URL && source.protocol !== "file:") return fetchModel(source, options);
    return readModelFile(source instanceof URL ? fileURLToPath(source) : source);
  },

  async createSession(bytes, { threads, background }) {
    const { InferenceSession, Tensor } = await loadOnnxruntime();
    const options: InferenceSession.SessionOptions = {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Only fatal messages: every error is also thrown, and reported once there.
      logSeverityLevel: 4,
    };
    if (background) return openBackgroundSession(startThread({ bytes, options }), Tensor);
    return wrapSession(await InferenceSession.create(bytes, options), Tensor);
  },
};

/** @param source a file, or a folder of Hugging Face's layout. */
async function readModelFile(source: string): Promise<ModelBytes> {
  const found = await stat(source).catch(() => undefined);
  const file = found?.isDirectory() ? path.join(source, HUB_MODEL) : source;
  try {
    return { bytes: await readFile(file), name: file };
  } catch (error) {
    throw new MienError("missing-file", `cannot read the model ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
