import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { MienError, type ModelInput } from "@mien/format";
import { openChromium } from "./export-chromium.ts";
import type { Contender } from "./export-timing.ts";

/** Asks for tasks until there are none: `{ model, batch, ms, calls }` → milliseconds of each call. */
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
import * as ort from "/ort.wasm.min.mjs";
ort.env.wasm.numThreads = 1;
const sessions = {};
const post = (body) => fetch("/answer", { method: "POST", body: JSON.stringify(body) });
for (;;) {
  const { model, shape, ms, calls } = await (await fetch("/task")).json();
  try {
    const session = (sessions[model] ??= await ort.InferenceSession.create("/models/" + model));
    const size = shape.reduce((product, n) => product * n);
    const pixels = Float32Array.from({ length: size }, () => Math.floor(256 * Math.random()));
    const times = [];
    const begin = performance.now();
    do {
      const start = performance.now();
      const input = new ort.Tensor("float32", pixels, shape);
      await session.run({ [session.inputNames[0]]: input });
      times.push(performance.now() - start);
    } while (times.length < calls && performance.now() - begin < ms);
    await post({ times });
  } catch (error) {
    await post({ error: String(error) });
  }
}
</script>`;

/** A browser that runs models in onnxruntime-web. */
export interface WebPeer {
  contender(name: string, model: string, batch: number): Contender;
  close(): Promise<void>;
}

/** How long the browser may take for one turn before it counts as gone, in milliseconds. */
const PATIENCE_MS = 60_000;

/**
 * Opens a browser without a window that predicts by onnxruntime-web: WebAssembly, one thread.
 *
 * @param program Chromium or Chrome.
 * @param models files by the name that contenders use.
 */
export async function startWeb(
  program: string,
  models: Readonly<Record<string, string>>,
  input: ModelInput,
): Promise<WebPeer> {
  const dist = path.dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
  let waiting: ServerResponse | undefined;
  let task: object | undefined;
  let settle: ((answer: { times?: number[]; error?: string }) => void) | undefined;
  const hand = () => {
    if (waiting === undefined || task === undefined) return;
    waiting.setHeader("content-type", "application/json").end(JSON.stringify(task));
    [waiting, task] = [undefined, undefined];
  };
  const server = createServer((request, response) => {
    const url = request.url ?? "/";
    // With these two headers browsers measure time in steps of 5 µs instead of 100 µs.
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    if (url === "/") return void response.setHeader("content-type", "text/html").end(PAGE);
    if (url === "/task") {
      waiting = response;
      return hand();
    }
    if (url === "/answer") {
      let text = "";
      request.setEncoding("utf8").on("data", (part: string) => (text += part));
      request.on("end", () => {
        response.end();
        settle?.(JSON.parse(text) as { times: number[] });
      });
      return;
    }
    const name = path.basename(url);
    const file = url.startsWith("/models/") ? models[name] : path.join(dist, name);
    const type = { ".wasm": "application/wasm", ".mjs": "text/javascript" }[path.extname(name)];
    if (type !== undefined) response.setHeader("content-type", type);
    readFile(file ?? "").then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const closeBrowser = await openChromium(program, `http://127.0.0.1:${port}/`);
  return {
    contender: (name, model, batch) => ({
      name,
      async turn({ ms, calls }) {
        const { height, width, channels } = input;
        const shape = [batch, height, width, channels];
        task = { model, shape, ms: Math.min(ms, 1e9), calls: Math.min(calls, 1e9) };
        const { promise, resolve, reject } = deferred<{ times?: number[]; error?: string }>();
        settle = resolve;
        const gone = setTimeout(
          () => reject(new MienError("environment", `${program} does not answer`)),
          PATIENCE_MS,
        );
        hand();
        const { times, error } = await promise.finally(() => clearTimeout(gone));
        if (times !== undefined) return times;
        throw new MienError("environment", `onnxruntime-web failed: ${error ?? "no answer"}`);
      },
    }),
    async close() {
      await closeBrowser();
      server.closeAllConnections();
      server.close();
    },
  };
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
