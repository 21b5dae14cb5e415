/**
 * Holds one model on a thread of its own and runs the tasks that `background-session.ts` sends.
 *
 * It is JavaScript, since Node 20 starts no thread from a TypeScript file. It uses only `on` and
 * `postMessage` of its port, since Deno's ports have no `close`; the sender ends the thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const { bytes, options } = /** @type {import("./background-session.ts").WorkerInput} */ (
  workerData
);

/** @param {import("./background-session.ts").WorkerMessage} message */
function send(message) {
  port.postMessage(message, "input" in message ? [message.input.buffer] : []);
}

/** @param {unknown} error */
const reasonFor = (error) => (error instanceof Error ? error.message : String(error));

try {
  const session = await InferenceSession.create(bytes, options);
  const { inputNames, inputMetadata, outputMetadata } = session;
  port.on("message", async (/** @type {import("./background-session.ts").WorkerTask} */ task) => {
    if (task === null) {
      await session.release();
      send({ kind: "released" });
      return;
    }
    const { data: input, shape, outputs } = task;
    try {
      const feeds = { [inputNames[0] ?? ""]: new Tensor("float32", input, shape) };
      const results = await session.run(feeds, outputs);
      const values = Object.entries(results).map(([name, tensor]) => {
        const { type, dims, data } = tensor;
        return { name, type, dims, data };
      });
      send({ kind: "outputs", values, input });
    } catch (error) {
      send({ kind: "failed", reason: reasonFor(error), input });
    }
  });
  send({ kind: "opened", inputMetadata, outputMetadata });
} catch (error) {
  send({ kind: "refused", reason: reasonFor(error) });
}
