import { stat, readFile } from "node:fs/promises";
import path from "node:path";
import type { ModelSource } from "./model-source.ts";
import { type LayersModel, readJsonModel, readModel } from "./read-model.ts";
import { readWeightFiles, type Weight } from "./weight-files.ts";

/**
 * Reads a LayersModel that was written by `model.save()` of tfjs or by Keras' tfjs converter, with
 * plain or quantised weights. The state of an optimiser is skipped.
 *
 * @param source the path of a folder with `model.json`, or of a JSON file with another name (in Node
 * only), the address of a `model.json`, `{ files }` with the content of the files by name, a handler
 * of `tf.io` with `load`, the artifacts that such a handler loads, or a `tf.LayersModel` in memory.
 * @throws {MienError} `missing-file` without a `model.json`; `bad-model` if a file is missing,
 * outside the folder, cut off or too long, or a weight is not finite; `unsupported` for a graph model.
 * @example
 * const model = await readLayersModel("my-model"); // a folder with model.json
 * Object.keys(model.weights); // ["conv2d/kernel", "conv2d/bias", …]
 * @example
 * const model = await readLayersModel(tf.io.http("https://example.org/model.json"));
 */
export async function readLayersModel(source: string | ModelSource): Promise<LayersModel> {
  if (typeof source !== "string" || /^https?:\/\//.test(source)) return readModel(source);
  const isFile = (await stat(source).catch(() => undefined))?.isFile() === true;
  const file = isFile ? source : path.join(source, "model.json");
  const read = (name: string) => readFile(path.join(path.dirname(file), name));
  return readJsonModel(path.basename(file), { read, file });
}

/**
 * Reads the weight files that a tfjs weights manifest lists, in any number of groups and shards,
 * plain or quantised to uint8, uint16 or float16. The state of an optimiser is skipped.
 *
 * @param manifest `weightsManifest` of a `model.json`, or the whole of a `weights_manifest.json`.
 * @param options.folder the folder that the paths in the manifest start from.
 * @param options.file the manifest's path, for errors.
 * @throws {MienError} `bad-model` if a file is missing, outside the folder, cut off or too long, a
 * weight's entry is invalid, it appears twice, or it is not finite.
 * @example
 * const { weightsManifest } = JSON.parse(await readFile("my-model/model.json", "utf8"));
 * await readWeights(weightsManifest, { folder: "my-model", file: "my-model/model.json" });
 */
export async function readWeights(
  manifest: unknown,
  options: { readonly folder: string; readonly file: string },
): Promise<Record<string, Weight>> {
  const { folder, file } = options;
  return readWeightFiles(manifest, { read: (name) => readFile(path.join(folder, name)), file });
}
