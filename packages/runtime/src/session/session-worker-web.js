/**
 * A web worker that holds one model. Its first message is the model; all later ones are tasks. The
 * handler is set at once, since a message that finds none is lost.
 */
import { Tensor } from "onnxruntime-web/wasm";
import { serveSession } from "./serve-session.mjs";
import { startSession } from "./start-session-web.ts";

/** @type {ReturnType<typeof serveSession> | undefined} */
let opening;

globalThis.onmessage = async (/** @type {MessageEvent<any>} */ { data }) => {
  if (opening === undefined) {
    const { bytes, options } = /** @type {import("./web-thread.ts").WebWorkerInput} */ (data);
    opening = serveSession(
      { Tensor },
      () => startSession(bytes, options),
      (message, transfer) => globalThis.postMessage(message, { transfer }),
    );
    return;
  }
  const run = await opening;
  await run(data);
};
