/**
 * What a thread that holds a model does with the messages that `background-session.ts` sends. It is
 * JavaScript, since Node 20 starts no thread from a TypeScript file.
 *
 * @typedef {import("./session-thread.ts").WorkerMessage} WorkerMessage
 * @typedef {import("./session-thread.ts").WorkerTask} WorkerTask
 */

/**
 * Opens a model, and sends whether it is open.
 *
 * @param {Pick<import("./ort.ts").Onnxruntime, "Tensor">} onnxruntime
 * @param {() => Promise<import("onnxruntime-common").InferenceSession>} open
 * @param {(message: WorkerMessage, transfer: ArrayBuffer[]) => void} send
 * @returns {Promise<(task: WorkerTask) => Promise<void>>} runs a task, and sends its result.
 */
export async function serveSession({ Tensor }, open, send) {
  try {
    const session = await open();
    const { inputMetadata, outputMetadata } = session;
    send({ kind: "opened", inputMetadata, outputMetadata }, []);
    return async (task) => {
      if (task === null) {
        await session.release();
        send({ kind: "released" }, []);
        return;
      }
      const { data: input, shape, outputs } = task;
      try {
        const feeds = { [session.inputNames[0] ?? ""]: new Tensor("float32", input, shape) };
        const results = await session.run(feeds, outputs);
        const values = Object.entries(results).map(([name, tensor]) => {
          const { type, dims, data } = tensor;
          return { name, type, dims, data };
        });
        send({ kind: "outputs", values, input }, [input.buffer]);
      } catch (error) {
        send({ kind: "failed", reason: reasonFor(error), input }, [input.buffer]);
      }
    };
  } catch (error) {
    send({ kind: "refused", reason: reasonFor(error), ...codeOf(error) }, []);
    return async () => undefined;
  }
}

/** @param {unknown} error */
const reasonFor = (error) => (error instanceof Error ? error.message : String(error));

/**
 * The code and advice of a `MienError`. It is recognised by its name, since the thread of a program
 * that runs from sources cannot import its class.
 *
 * @param {unknown} error
 */
function codeOf(error) {
  if (!(error instanceof Error) || error.name !== "MienError") return {};
  const { code, advice } = /** @type {import("@mien/format").MienError} */ (error);
  return advice === undefined ? { code } : { code, advice };
}
