import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";

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
  // Three of the drawn faces, enlarged.
  await sharp(path.join(root, "docs/images/drawn-faces.png"))
    .extract({ left: 134, top: 208, width: 168, height: 60 })
    .resize({ width: 840 })
    .toFile(path.join(folder, "example.png"));
}
