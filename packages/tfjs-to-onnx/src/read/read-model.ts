import { MienError, messageOf, parseJson } from "@mien/format";
import { isObject, type Json } from "./json.ts";
import { makerOf, type Maker } from "./maker.ts";
import {
  isSource,
  type ModelArtifacts,
  type ModelFiles,
  type ModelSource,
  type SavableModel,
} from "./model-source.ts";
import {
  addWeights,
  joinBytes,
  readWeightFiles,
  type ReadFile,
  type Weight,
} from "./weight-files.ts";

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
 * Reads a LayersModel that was written by `model.save()` of tfjs or by Keras' tfjs converter, with
 * plain or quantised weights. The state of an optimiser is skipped.
 *
 * @param source the address of a `model.json`, files, a handler of `tf.io`, artifacts, or a model.
 * @throws {MienError} `missing-file` without a `model.json`; `bad-model` if a file is missing, cut
 * off or too long, or a weight is not finite; `unsupported` for a graph model.
 */
export async function readModel(source: string | ModelSource): Promise<LayersModel> {
  if (typeof source === "string") return readAddress(source);
  if (!isSource(source)) {
    throw new MienError("bad-model", "expected a LayersModel, found something else", {
      advice:
        "Give a folder or an address, { files }, a handler of tf.io with `load`, artifacts with " +
        "`modelTopology`, or a tf.LayersModel.",
    });
  }
  if ("files" in source) return readFiles(source);
  if ("modelTopology" in source) return readArtifacts(source, "the artifacts");
  if ("load" in source && source.load !== undefined) {
    return readArtifacts(await source.load(), "the artifacts of the handler");
  }
  if (!("save" in source)) {
    throw new MienError("bad-model", "the handler of tf.io can save only: it has no `load`");
  }
  return readArtifacts(await artifactsOf(source), "the artifacts of the model");
}

/** Reads `model.json` and the files that it names. */
export async function readJsonModel(
  name: string,
  { read, file }: { readonly read: ReadFile; readonly file: string },
): Promise<LayersModel> {
  let bytes: Uint8Array;
  try {
    bytes = await read(name);
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`, {
      advice: "Name the folder that holds model.json, or the JSON file itself.",
      cause: error,
    });
  }
  const json = parseJson(bytes, file, "bad-model");
  if (!isObject(json)) throw new MienError("bad-model", `${file} must hold a JSON object`);
  const topology = topologyOf(json, file);
  const { weightsManifest } = json;
  if (!Array.isArray(weightsManifest)) {
    throw new MienError("bad-model", `${file}: "weightsManifest" must be a list of groups`);
  }
  const weights = await readWeightFiles(weightsManifest, { read, file });
  return { topology, weights, maker: makerOf(topology, json) };
}

/** The topology of a model. @throws {MienError} `unsupported` for a graph model. */
function topologyOf(json: Json, file: string): Json {
  if (json["format"] === "graph-model") {
    throw new MienError("unsupported", `${file} is a graph model, expected a LayersModel`, {
      advice:
        "Save the model with `model.save()` of tfjs-layers, or convert the graph model in Python with " +
        "`python -m tf2onnx.convert --tfjs model.json --output model.onnx`. This works with " +
        "tf2onnx 1.17.0, tensorflow 2.19.0, onnx 1.19.1 and numpy 1.26; with numpy 2 it fails.",
    });
  }
  const { modelTopology } = json;
  if (isObject(modelTopology)) return modelTopology;
  throw new MienError("bad-model", `${file}: "modelTopology" is missing`);
}

function readAddress(address: string): Promise<LayersModel> {
  if (!/^https?:\/\//.test(address)) {
    throw new MienError("missing-file", `${address} is not an address of http or https`, {
      advice: "Folders can be read in Node only; in a browser, give { files }.",
    });
  }
  const read: ReadFile = async (name) => {
    const response = await fetch(new URL(name, address));
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new Error(`the server answers ${response.status} ${response.statusText}`.trimEnd());
  };
  return readJsonModel(address, { read, file: address });
}

function readFiles({ files, json }: ModelFiles): Promise<LayersModel> {
  const names = Object.keys(files);
  const candidates = names.filter((name) => name.toLowerCase().endsWith(".json"));
  const [only = "model.json"] = candidates.length === 1 ? candidates : [];
  const file = json ?? only;
  // Names of shards are relative to the JSON file.
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const read: ReadFile = async (name) => {
    const full = name === file ? name : folder + name;
    const content = Object.hasOwn(files, full) ? files[full] : undefined;
    if (content === undefined)
      throw new Error(`${full} is not among the files ${names.join(", ")}`);
    if (content instanceof Uint8Array) return content;
    return new Uint8Array("arrayBuffer" in content ? await content.arrayBuffer() : content);
  };
  return readJsonModel(file, { read, file });
}

function readArtifacts(artifacts: ModelArtifacts, file: string): LayersModel {
  const topology = topologyOf({ ...artifacts }, file);
  const fail = (problem: string): never => {
    throw new MienError("bad-model", `${file}: ${problem}`);
  };
  const { weightSpecs, weightData } = artifacts;
  if (weightSpecs === undefined || weightData === undefined) {
    return fail('"weightSpecs" and "weightData" are missing');
  }
  const parts = weightData instanceof ArrayBuffer ? [weightData] : weightData;
  const bytes = joinBytes(parts.map((part) => new Uint8Array(part)));
  const weights = Object.create(null) as Record<string, Weight>;
  addWeights(weights, { specs: weightSpecs, bytes, where: "the weights", fail });
  return { topology, weights, maker: makerOf(topology, artifacts) };
}

/** What a model in memory passes to the handler that it is saved with. */
async function artifactsOf(model: SavableModel): Promise<ModelArtifacts> {
  let found: ModelArtifacts = {};
  await model.save({
    save(artifacts) {
      found = artifacts;
      const modelArtifactsInfo = { dateSaved: new Date(), modelTopologyType: "JSON" } as const;
      return Promise.resolve({ modelArtifactsInfo });
    },
  });
  return found;
}
