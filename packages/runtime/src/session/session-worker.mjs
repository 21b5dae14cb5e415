/**
 * A worker thread of Node that holds one model. It uses only `on` and `postMessage` of its port, since
 * Deno's ports have no `close`; the sender ends the thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { serveSession } from "./serve-session.mjs";

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const { bytes, options } = /** @type {import("./node-thread.ts").WorkerInput} */ (workerData);

const run = await serveSession(
  { Tensor },
  () => InferenceSession.create(bytes, options),
  (message, transfer) => port.postMessage(message, transfer),
);
port.on("message", run);
