import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { launchChromium } from "@mien/bench";
import { build, type BuildOptions } from "esbuild";
import type { Page } from "playwright-core";
import type * as runtime from "../index.ts";

/** The global variable of the test page. */
declare global {
  var mien: typeof runtime;
}

/** Bundles the browser build of the package, or a part of it, as one ES module. */
async function bundle(entry: Pick<BuildOptions, "stdin" | "entryPoints">): Promise<Served> {
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["source"],
    write: false,
    logLevel: "silent",
  });
  return { type: "text/javascript", content: outputFiles[0]!.contents };
}

/** A page that has loaded the bundle. */
export interface TestPage {
  readonly page: Page;
  /** Every address that the page has requested so far. */
  readonly requests: string[];
  /** `http://127.0.0.1:port` */
  readonly origin: string;
}

/** A browser and a server for it; both run until `close`. */
export interface TestBrowser {
  open(): Promise<TestPage>;
  close(): Promise<void>;
}

/**
 * Starts a browser and a server with a page that has loaded the package.
 *
 * @param files that the server serves besides the page, its script and the WebAssembly file.
 */
export async function startBrowser(
  files: Record<string, Uint8Array | Served>,
): Promise<TestBrowser> {
  const wasm = createRequire(import.meta.url).resolve(
    "onnxruntime-web/ort-wasm-simd-threaded.wasm",
  );
  const module = wasm.replace(/wasm$/, "mjs");
  const served: Record<string, Served> = {
    "/": {
      type: "text/html",
      content: `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app/page.js"></script>`,
    },
    "/app/page.js": await bundle({
      stdin: {
        contents: `import * as mien from "@mien/runtime"; globalThis.mien = mien;`,
        resolveDir: import.meta.dirname,
      },
    }),
    "/app/session-worker-web.js": await bundle({
      entryPoints: [path.join(import.meta.dirname, "../session/session-worker-web.js")],
    }),
    "/wasm/ort-wasm-simd-threaded.mjs": {
      type: "text/javascript",
      content: await readFile(module),
    },
    [`/wasm/${path.basename(wasm)}`]: { type: "application/wasm", content: await readFile(wasm) },
  };
  for (const [name, content] of Object.entries(files)) {
    served[name] =
      content instanceof Uint8Array ? { type: "application/octet-stream", content } : content;
  }
  return serve((name) => served[name], { isReady: () => globalThis.mien !== undefined });
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
 * @param find gives the file for a path such as `/page.js`; undefined becomes status 404.
 * @param options.isReady is evaluated in the page until it is true; then the page counts as open.
 * @param options.camera the .y4m file that the camera shows; default: there is no camera.
 */
export async function serve(
  find: (name: string) => Served | undefined,
  options: { readonly isReady: () => boolean; readonly camera?: string },
): Promise<TestBrowser> {
  const { isReady, camera } = options;
  const server = createServer((request, response) => {
    const file = find(new URL(request.url ?? "/", "http://localhost").pathname);
    if (!file?.isBare) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    if (file !== undefined) {
      response.setHeader("Content-Type", file.type);
      response.setHeader("Content-Length", Buffer.byteLength(file.content));
    }
    response.statusCode = file === undefined ? 404 : 200;
    response.end(file?.content);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await launchChromium({ camera }).catch((error: unknown) => {
    server.close();
    throw error;
  });
  return {
    async open() {
      const permissions = camera === undefined ? [] : ["camera"];
      const page = await (await browser.newContext({ permissions })).newPage();
      const requests: string[] = [];
      page.on("request", (request) => void requests.push(request.url()));
      await page.goto(origin);
      await page.waitForFunction(isReady);
      return { page, requests, origin };
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
