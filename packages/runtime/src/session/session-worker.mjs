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

/** @param {import("./background-session.ts").WorkerAnswer} answer */
function tell(answer) {
  port.postMessage(answer, "lent" in answer ? [answer.lent.buffer] : []);
}

/** @param {unknown} error */
const reasonFor = (error) => (error instanceof Error ? error.message : String(error));

try {
  const session = await InferenceSession.create(bytes, options);
  const { inputNames, inputMetadata, outputMetadata } = session;
  port.on("message", async (/** @type {import("./background-session.ts").WorkerTask} */ task) => {
    if (task === null) {
      await session.release();
      tell({ kind: "released" });
      return;
    }
    const { data, shape, outputs } = task;
    try {
      const feeds = { [inputNames[0] ?? ""]: new Tensor("float32", data, shape) };
      const answers = await session.run(feeds, outputs);
      const values = Object.entries(answers).map(([name, { type, dims, data }]) => ({
        ...{ name, type, dims, data },
      }));
      tell({ kind: "answer", values, lent: data });
    } catch (error) {
      tell({ kind: "failure", reason: reasonFor(error), lent: data });
    }
  });
  tell({ kind: "opened", inputMetadata, outputMetadata });
} catch (error) {
  tell({ kind: "refused", reason: reasonFor(error) });
}
