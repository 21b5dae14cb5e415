import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { launchChromium, peerPackages, type PeerOptions } from "@mien/bench";
import { MienError } from "@mien/format";
import { z } from "zod";
import type { HubPeer } from "../hub/verify-hub.ts";
import { TRANSFORMERS_JS } from "./hub-peers.ts";

/** What the page's server gives out, by the first part of the address; `model` is the hub folder. */
type Folders = Readonly<Record<"library" | "onnxruntime" | "model", string>>;

const PREDICTED = z.array(z.array(z.number()));

/** Runs in the page; `window.classify` answers questions as `hub_transformers.mjs` does. */
const SCRIPT = `
import { env, pipeline, RawImage } from "/library/transformers.js";
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = "/";
env.useBrowserCache = false;
env.backends.onnx.wasm.wasmPaths = "/onnxruntime/";
env.backends.onnx.wasm.numThreads = 1;
const { id2label } = await (await fetch("/model/config.json")).json();
const labels = Object.values(id2label);
window.classify = async (sizes, dtype) => {
  const classify = await pipeline("image-classification", "model", { dtype, device: "wasm" });
  const pixels = new Uint8ClampedArray(await (await fetch("/images")).arrayBuffer());
  const probabilities = [];
  let at = 0;
  for (const [width, height, channels] of sizes) {
    const end = at + width * height * channels;
    const image = new RawImage(pixels.slice(at, end), width, height, channels);
    at = end;
    const answer = await classify(image, { top_k: labels.length });
    probabilities.push(labels.map((name) => answer.find(({ label }) => label === name).score));
  }
  await classify.dispose();
  return probabilities;
};`;
const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`;

/**
 * Starts transformers.js in a page of Chromium, with WebAssembly. It is installed into the cache folder
 * the first time, and connects to this machine only.
 *
 * @param folder in Hugging Face's layout.
 * @throws {MienError} `environment` if there is no Chromium, or if the page does not load.
 */
export async function startTransformersPage(
  folder: string,
  options: PeerOptions,
): Promise<HubPeer> {
  const { name, version } = TRANSFORMERS_JS;
  const packages = path.join(await peerPackages([`${name}@${version}`], options), "node_modules");
  const own = path.join(packages, name, "node_modules/onnxruntime-web/dist");
  const folders: Folders = {
    library: path.join(packages, name, "dist"),
    onnxruntime: existsSync(own) ? own : path.join(packages, "onnxruntime-web/dist"),
    model: folder,
  };
  let images: Uint8Array = new Uint8Array();
  const server = createServer((request, response) => {
    void answerOf(request.url ?? "/", folders, images).then(
      ({ type, content }) => response.setHeader("content-type", type).end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launchChromium();
  const close = async () => {
    await browser.close();
    server.close();
  };
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction("window.classify", undefined).catch(() => {
      throw new MienError("environment", `the page did not load: ${problems.join("; ")}`);
    });
    return {
      name: `transformers.js ${version} in Chromium`,
      async predict({ images: file, sizes }, { dtype }) {
        images = await readFile(file);
        const question = JSON.stringify([sizes, dtype]);
        const answer: unknown = await page.evaluate(`window.classify(...${question})`);
        return Float32Array.from(PREDICTED.parse(answer).flat());
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

async function answerOf(
  address: string,
  folders: Folders,
  images: Uint8Array,
): Promise<{ readonly type: string; readonly content: string | Uint8Array }> {
  const { pathname } = new URL(address, "http://127.0.0.1");
  if (pathname === "/") return { type: "text/html", content: PAGE };
  if (pathname === "/page.js") return { type: "text/javascript", content: SCRIPT };
  if (pathname === "/images") return { type: "application/octet-stream", content: images };
  const [, first = "", ...rest] = pathname.split("/");
  const folder = new Map(Object.entries(folders)).get(first);
  if (folder === undefined || rest.includes("..")) throw new Error(`no ${pathname}`);
  const file = path.join(folder, ...rest);
  const type = TYPES[path.extname(file)] ?? "application/octet-stream";
  return { type, content: await readFile(file) };
}
