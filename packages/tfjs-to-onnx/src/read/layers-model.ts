import { readFile } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, parseJson } from "@mien/format";
import { isObject, type Json } from "./json.ts";
import { makerOf, type Maker } from "./maker.ts";
import { readWeights, type Weight } from "./weight-files.ts";

/** A saved tfjs LayersModel: topology and weights. */
export interface LayersModel {
  /** `modelTopology` of `model.json`. */
  readonly topology: unknown;
  /** By name, e.g. `conv2d_1/kernel`. */
  readonly weights: Readonly<Record<string, Weight>>;
  /** The program whose computation the model follows; default: from the topology's `keras_version`. */
  readonly maker?: Maker;
}

/**
 * Reads a LayersModel that was written by `model.save("file://…")` or by Keras' tfjs converter:
 * `model.json` and the weight files that it lists, plain or quantised. The state of an optimiser is
 * skipped.
 *
 * @param folder the folder that holds `model.json`.
 * @throws {MienError} `missing-file` without a `model.json`; `bad-model` if a file is missing,
 * outside the folder, cut off or too long, or a weight is not finite; `unsupported` for a graph model.
 * @example
 * const model = await readLayersModel("my-model"); // a folder with model.json
 * Object.keys(model.weights); // ["conv2d/kernel", "conv2d/bias", …]
 */
export async function readLayersModel(folder: string): Promise<LayersModel> {
  const file = path.join(folder, "model.json");
  const json = await readModelJson(file);
  const fail = (problem: string): never => {
    throw new MienError("bad-model", `${file}: ${problem}`);
  };
  if (json["format"] === "graph-model") {
    throw new MienError("unsupported", `${file} is a graph model, expected a LayersModel`, {
      advice:
        "Save the model with `model.save()` of tfjs-layers, or convert the graph model in Python with " +
        "`python -m tf2onnx.convert --tfjs model.json --output model.onnx`. This works with " +
        "tf2onnx 1.17.0, tensorflow 2.19.0, onnx 1.19.1 and numpy 1.26; with numpy 2 it fails.",
    });
  }
  const { modelTopology, weightsManifest } = json;
  if (!isObject(modelTopology)) return fail('"modelTopology" is missing');
  if (!Array.isArray(weightsManifest)) return fail('"weightsManifest" must be a list of groups');
  const weights = await readWeights(weightsManifest, { folder, file });
  return { topology: modelTopology, weights, maker: makerOf(modelTopology, json) };
}

async function readModelJson(file: string): Promise<Json> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`, {
      advice: "Name the folder that holds model.json.",
      cause: error,
    });
  }
  const json = parseJson(bytes, file, "bad-model");
  if (isObject(json)) return json;
  throw new MienError("bad-model", `${file} must hold a JSON object`);
}
