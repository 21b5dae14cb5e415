import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { readBytes, writeFileAtomic, writeJson } from "@mien/cli";
import { decodeModelMetadata, readOnnxMetadata } from "@mien/format";
import { PAGE } from "./web-page.ts";

/** The files of onnxruntime-web for WebAssembly with one thread and no GPU. */
const RUNTIME = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

/**
 * Writes a folder for a web server: the model, `model.json` with its labels and input, onnxruntime-web,
 * and a page that runs the model.
 *
 * @param model path of an exported expression model.
 *
 * @throws {MienError} `bad-model` if the file is not an expression model.
 */
export async function writeWebFolder(folder: string, model: string): Promise<void> {
  const bytes = await readBytes(model);
  const { labels, input } = decodeModelMetadata(readOnnxMetadata(bytes, model), model);
  const main = createRequire(import.meta.url).resolve("onnxruntime-web");
  const write = (name: string, content: string | Uint8Array) =>
    writeFileAtomic(path.join(folder, name), content);
  await write("model.onnx", bytes);
  await writeJson(path.join(folder, "model.json"), { labels, input });
  for (const name of RUNTIME)
    await write(name, await readFile(path.join(path.dirname(main), name)));
  await write("index.html", PAGE);
}
