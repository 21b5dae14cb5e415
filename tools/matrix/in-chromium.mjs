import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { chromium } from "playwright-core";
import { HTML } from "./programs.mjs";

/**
 * Serves a built page with the models, opens it in Chromium and returns what it found.
 *
 * @param {string} project the folder of the matrix' project.
 * @param {string} folder of the built page, in the project.
 * @param {{ ownPage?: boolean }} [options] whether the folder has an HTML file of its own.
 * @returns {Promise<unknown>}
 */
export async function inChromium(project, folder, { ownPage = false } = {}) {
  const at = path.join(project, folder);
  const models = path.join(project, "node_modules/@mien/models/files");
  const files = new Map([
    ["/picture.png", path.join(project, "picture.png")],
    ["/default.onnx", path.join(models, "default.onnx")],
    ["/detector.onnx", path.join(models, "faces/detector.onnx")],
    ["/ort-wasm-simd-threaded.wasm", path.join(project, "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm")], // prettier-ignore
  ]);
  const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".png": "image/png" }; // prettier-ignore
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, "http://127.0.0.1").pathname);
    const own = path.join(at, name === "/" ? "index.html" : name);
    const file = existsSync(own) ? own : files.get(name);
    if (name === "/" && !existsSync(own) && !ownPage) {
      response.setHeader("content-type", "text/html");
      return response.end(HTML);
    }
    if (file === undefined) return response.writeHead(404).end();
    response.setHeader("content-type", types[path.extname(file)] ?? "application/octet-stream");
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const executablePath = process.env.MIEN_CHROMIUM ?? "/usr/bin/chromium";
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage();
    const messages = [];
    page.on("pageerror", (error) => messages.push(error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction("window.found || window.failed", undefined, { timeout: 60_000 }).catch(() => undefined); // prettier-ignore
    const failed = await page.evaluate("window.failed");
    if (failed !== undefined || messages.length > 0)
      throw new Error([failed, ...messages].join("; "));
    return await page.evaluate("window.found");
  } finally {
    await browser.close();
    server.close();
  }
}
