import type { SessionThread, WorkerMessage } from "./session-thread.ts";
import type { WebSessionOptions } from "./start-session-web.ts";

/** The first message to the thread. */
export interface WebWorkerInput {
  readonly bytes: Uint8Array;
  readonly options: WebSessionOptions;
}

/** Starts a web worker that opens a model with onnxruntime-web. */
export function startThread(input: WebWorkerInput): SessionThread {
  // Bundlers find the worker's file by this form of the call.
  const worker = new Worker(new URL("./session-worker-web.js", import.meta.url), {
    type: "module",
  });
  worker.postMessage(input);
  return {
    send: (task) => worker.postMessage(task, task === null ? [] : [task.data.buffer]),
    listen(onMessage, onEnd) {
      worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => onMessage(data);
      // A script that cannot be loaded gives an event without a message.
      worker.onerror = ({ message }) =>
        onEnd(message || "its script session-worker-web.js cannot be loaded");
    },
    // A page does not wait for its workers.
    keepAlive: () => undefined,
    end: () => Promise.resolve(worker.terminate()),
  };
}
