import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { type Contender, launchChromium } from "@mien/bench";
import { MienError, messageOf, type ModelInput } from "@mien/format";
import { z } from "zod";

/**
 * The page. Its `turn` runs the model for `ms` milliseconds or `calls` calls, where null means no limit,
 * and returns the milliseconds of each call.
 */
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
import * as ort from "/ort.wasm.min.mjs";
ort.env.wasm.numThreads = 1;
const sessions = {};
globalThis.turn = async ({ model, shape, ms, calls }) => {
  const session = (sessions[model] ??= await ort.InferenceSession.create("/models/" + model));
  const size = shape.reduce((product, n) => product * n);
  const pixels = Float32Array.from({ length: size }, () => Math.floor(256 * Math.random()));
  const durations = [];
  const begin = performance.now();
  do {
    const start = performance.now();
    const input = new ort.Tensor("float32", pixels, shape);
    await session.run({ [session.inputNames[0]]: input });
    durations.push(performance.now() - start);
  } while (durations.length < (calls ?? Infinity) && performance.now() - begin < (ms ?? Infinity));
  return durations;
};
</script>`;

const DURATIONS = z.array(z.number()).min(1);

/** A browser that runs models in onnxruntime-web. */
interface WebPeer {
  /** @param model one of the names of `startWeb`'s models. */
  contender(name: string, model: string, batch: number): Contender;
  close(): Promise<void>;
}

/**
 * Opens a browser without a window that predicts with onnxruntime-web: WebAssembly, one thread.
 *
 * @param models files by name.
 * @throws {MienError} `environment` if there is no browser. A turn throws the same if the page fails.
 */
export async function startWeb(
  models: Readonly<Record<string, string>>,
  { height, width, channels }: ModelInput,
): Promise<WebPeer> {
  const server = serve(models);
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const browser = await launchChromium().catch((error: unknown) => {
    stop();
    throw error;
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  return {
    contender: (name, model, batch) => ({
      name,
      async turn(limit) {
        // JSON writes Infinity as null.
        const task = JSON.stringify({ model, shape: [batch, height, width, channels], ...limit });
        const durations = await page.evaluate(`turn(${task})`).catch((error: unknown) => {
          throw new MienError("environment", `onnxruntime-web failed: ${messageOf(error)}`);
        });
        return { durations: DURATIONS.parse(durations) };
      },
    }),
    async close() {
      await browser.close();
      stop();
    },
  };
}

/** Serves the page, onnxruntime-web and the models to this machine. */
function serve(models: Readonly<Record<string, string>>) {
  const dist = path.dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
  const types: Readonly<Record<string, string>> = {
    ".wasm": "application/wasm",
    ".mjs": "text/javascript",
  };
  const server = createServer((request, response) => {
    const url = request.url ?? "/";
    // With these two headers browsers measure time in steps of 5 µs instead of 100 µs.
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    if (url === "/") return void response.setHeader("content-type", "text/html").end(PAGE);
    const name = path.basename(url);
    const file = url.startsWith("/models/") ? models[name] : path.join(dist, name);
    const type = types[path.extname(name)];
    if (type !== undefined) response.setHeader("content-type", type);
    readFile(file ?? "").then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  return server.listen(0, "127.0.0.1");
}
