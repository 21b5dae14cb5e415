import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { CHROMIUM_FLAGS, chromiumEnvironment, findChromium } from "@mien/bench";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import type * as runtime from "../index.ts";

/** What the test page offers to `page.evaluate`. */
declare global {
  var mien: typeof runtime;
}

/** The package as a page would bundle it: its browser build, as one ES module. */
async function bundle(): Promise<Uint8Array> {
  const result = await build({
    stdin: {
      contents: `import * as mien from "@mien/runtime"; globalThis.mien = mien;`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["source"],
    write: false,
    logLevel: "silent",
  });
  return result.outputFiles[0]!.contents;
}

/** A page that has loaded the bundle, with the server that it came from. */
export interface TestPage {
  readonly page: Page;
  /** Every address that the page asked for so far. */
  readonly requests: string[];
  /** `http://127.0.0.1:port` */
  readonly origin: string;
}

/** A browser and a server for it; both live until `close`. */
export interface TestBrowser {
  open(): Promise<TestPage>;
  close(): Promise<void>;
}

/** @param files what the server offers besides the page, its script and the WebAssembly file. */
export async function startBrowser(
  files: Record<string, Uint8Array | Served>,
): Promise<TestBrowser> {
  const wasm = createRequire(import.meta.url).resolve(
    "onnxruntime-web/ort-wasm-simd-threaded.wasm",
  );
  const module = wasm.replace(/wasm$/, "mjs");
  const offered: Record<string, Served> = {
    "/": {
      type: "text/html",
      content: `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app/page.js"></script>`,
    },
    "/app/page.js": { type: "text/javascript", content: await bundle() },
    "/wasm/ort-wasm-simd-threaded.mjs": {
      type: "text/javascript",
      content: await readFile(module),
    },
    [`/wasm/${path.basename(wasm)}`]: { type: "application/wasm", content: await readFile(wasm) },
  };
  for (const [name, content] of Object.entries(files)) {
    offered[name] =
      content instanceof Uint8Array ? { type: "application/octet-stream", content } : content;
  }
  return serve((name) => offered[name], { isReady: () => globalThis.mien !== undefined });
}

/** One file of a server. */
export interface Served {
  readonly type: string;
  readonly content: Uint8Array | string;
  /** Whether the file comes without the headers of cross-origin isolation. Default false. */
  readonly isBare?: boolean;
}

/**
 * Serves files on 127.0.0.1, cross-origin isolated, and starts a browser for them.
 *
 * @param find the file of a path such as `/page.js`; undefined is answered with 404.
 * @param isReady runs in the page until it is true; then the page counts as open.
 */
export async function serve(
  find: (name: string) => Served | undefined,
  { isReady }: { readonly isReady: () => boolean },
): Promise<TestBrowser> {
  const server = createServer((request, response) => {
    const file = find(new URL(request.url ?? "/", "http://localhost").pathname);
    if (!file?.isBare) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    if (file !== undefined) response.setHeader("Content-Type", file.type);
    response.statusCode = file === undefined ? 404 : 200;
    response.end(file?.content);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const home = await mkdtemp(path.join(tmpdir(), "mien-chromium-"));
  let browser: Browser;
  try {
    browser = await chromium.launch({
      executablePath: findChromium() ?? "chromium",
      args: [...CHROMIUM_FLAGS],
      env: chromiumEnvironment(home),
    });
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    async open() {
      const page = await (await browser.newContext()).newPage();
      const requests: string[] = [];
      page.on("request", (request) => void requests.push(request.url()));
      await page.goto(origin);
      await page.waitForFunction(isReady);
      return { page, requests, origin };
    },
    async close() {
      await browser.close();
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
      server.closeAllConnections();
      server.close();
    },
  };
}
