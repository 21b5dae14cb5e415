import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MienError, messageOf } from "@mien/format";
import type { InferenceSession } from "onnxruntime-node";
import { openBackgroundSession } from "./background-session.ts";
import { fetchModel } from "./fetch-model.ts";
import { loadOnnxruntime } from "./load-onnxruntime.ts";
import { wrapSession, type ModelBytes, type Ort } from "./ort.ts";

export const ort: Ort = {
  load: loadOnnxruntime,

  async readModel(source) {
    if (source instanceof Uint8Array) return { bytes: source, name: "the model" };
    if (source instanceof URL && source.protocol !== "file:") return fetchModel(source);
    return readModelFile(source instanceof URL ? fileURLToPath(source) : source);
  },

  async createSession(bytes, { threads, background }) {
    const { InferenceSession, Tensor } = await loadOnnxruntime();
    const options: InferenceSession.SessionOptions = {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Only fatal messages: whatever goes wrong is thrown as well, and reported once.
      logSeverityLevel: 4,
    };
    if (background) return openBackgroundSession({ bytes, options }, Tensor);
    return wrapSession(await InferenceSession.create(bytes, options), Tensor);
  },
};

async function readModelFile(file: string): Promise<ModelBytes> {
  try {
    return { bytes: await readFile(file), name: file };
  } catch (error) {
    throw new MienError("missing-file", `cannot read the model ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
