import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { drawExample } from "./draw-example.mjs";

/**
 * Copies what the first page runs: the runtime for pages, its worker, WebAssembly and two models.
 *
 * @param {string} root the repository, with compiled packages.
 * @param {string} target the folder that the site serves at `/`.
 */
export async function stageDemo(root, target) {
  const folder = path.join(target, "demo");
  mkdirSync(folder, { recursive: true });
  const module = path.join(root, "packages/runtime/dist/page");
  for (const name of readdirSync(module))
    copyFileSync(path.join(module, name), path.join(folder, name));
  for (const file of [
    "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
    "artifacts/release/faces/detector.onnx",
  ]) {
    copyFileSync(path.join(root, file), path.join(folder, path.basename(file)));
  }
  copyFileSync(path.join(root, "artifacts/release/blend.onnx"), path.join(folder, "default.onnx"));
  await drawExample(root, path.join(folder, "example.png"));
}
