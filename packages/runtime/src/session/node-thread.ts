import { Worker } from "node:worker_threads";
import { messageOf } from "@mien/format";
import type { InferenceSession } from "onnxruntime-common";
import type { SessionThread, WorkerMessage } from "./session-thread.ts";

/** Given to the thread when it starts. */
export interface WorkerInput {
  readonly bytes: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
}

/** Starts a worker thread of Node that opens a model with onnxruntime-node. */
export function startThread(input: WorkerInput): SessionThread {
  const worker = new Worker(new URL("./session-worker.mjs", import.meta.url), {
    workerData: input,
    // Without the program's own flags, which may load a TypeScript compiler; that takes long.
    execArgv: [],
  });
  return {
    send: (task) => worker.postMessage(task, task === null ? [] : [task.data.buffer]),
    listen(onMessage, onEnd) {
      worker.on("message", (message: WorkerMessage) => onMessage(message));
      worker.on("error", (error) => onEnd(messageOf(error)));
      worker.on("exit", () => onEnd("it ended"));
    },
    keepAlive: (isNeeded) => (isNeeded ? worker.ref() : worker.unref()),
    async end() {
      await worker.terminate();
    },
  };
}
