import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIEN_NET } from "../testing/shape-models.ts";
import { loadTf } from "../testing/tf.ts";
import { convertLayersModel } from "../convert.ts";
import { LAYERS } from "../layers/layer-table.ts";
import { OTHERS } from "../walk.ts";
import { readLayersModel } from "./layers-model.ts";

type Json = Record<string, unknown>;
interface ModelJson extends Json {
  modelTopology: { config: { layers: { class_name: string; config: Json }[] } } & Json;
  weightsManifest: { paths: string[]; weights: Json[] }[];
}

let root: string;
let whole: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), "mien layers-"));
  whole = path.join(root, "whole");
  await MIEN_NET.build(loadTf()).save(`file://${whole}`);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A copy of the model with a changed `model.json`, read and converted. */
async function convertChanged(change: (json: ModelJson) => unknown, files?: Json) {
  const folder = await mkdtemp(path.join(root, "changed-"));
  await cp(whole, folder, { recursive: true });
  const file = path.join(folder, "model.json");
  const json = JSON.parse(await readFile(file, "utf8")) as ModelJson;
  const changed = change(json) ?? json;
  await writeFile(file, typeof changed === "string" ? changed : JSON.stringify(changed));
  for (const [name, content] of Object.entries(files ?? {})) {
    await writeFile(path.join(folder, name), content as Uint8Array);
  }
  try {
    return convertLayersModel(await readLayersModel(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const config = (json: ModelJson, className: string): Json =>
  json.modelTopology.config.layers.find((layer) => layer.class_name === className)?.config ?? {};

describe("a model folder that is not whole", () => {
  const weightsBin = () => readFile(path.join(whole, "weights.bin"));
  const cases: [string, (json: ModelJson) => unknown, RegExp][] = [
    ["a model.json that is cut off", (json) => JSON.stringify(json).slice(0, 500), /is not JSON/],
    ["a list in place of the model", () => "[]", /must hold a JSON object/],
    ["no topology", (json) => void delete (json as Json)["modelTopology"], /"modelTopology" is mi/],
    [
      "no manifest",
      (json) => void delete (json as Json)["weightsManifest"],
      /"weightsManifest" mu/,
    ],
    [
      "a missing weight file",
      (json) => void (json.weightsManifest[0]!.paths = ["group1-shard1of2.bin"]),
      /names group1-shard1of2\.bin: ENOENT/,
    ],
    ...["../weights.bin", "/etc/passwd", "a/../../b", "C:\\weights.bin", "..\\w.bin", ""].map(
      (name): [string, (json: ModelJson) => unknown, RegExp] => [
        `the weight file "${name}"`,
        (json) => void (json.weightsManifest[0]!.paths = [name]),
        /must lie inside the folder, found the path/,
      ],
    ),
    [
      "an unknown dtype",
      (json) => void (json.weightsManifest[0]!.weights[0]!["dtype"] = "float8"),
      /weight \S+ has dtype "float8"; known: float32/,
    ],
    [
      "a weight of another dtype",
      (json) => void (json.weightsManifest[0]!.weights[0]!["dtype"] = "int32"),
      /must be float32, found int32/,
    ],
    [
      "a weight of another shape",
      (json) => void (json.weightsManifest[0]!.weights[0]!["shape"] = [3, 3, 2, 2]),
      /needs \S+kernel of shape \[3, 3, 1, 4\], found \[3, 3, 2, 2\]/,
    ],
    [
      "a weight that is too large",
      (json) => void (json.weightsManifest[0]!.weights[0]!["shape"] = [3, 3, 1, 9]),
      /should take \d+ bytes, found \d+/,
    ],
    [
      "a weight of negative size",
      (json) => void (json.weightsManifest[0]!.weights[0]!["shape"] = [-1]),
      /shape of weight \S+ must be a list of whole numbers/,
    ],
    [
      "a renamed weight",
      (json) => void (json.weightsManifest[0]!.weights[0]!["name"] = "other/kernel"),
      /needs the weight \S+\/kernel, which is missing; weights without a layer: .*other\/kernel/,
    ],
    [
      "two weights of one name",
      (json) => {
        const { weights } = json.weightsManifest[0]!;
        weights[1]!["name"] = weights[0]!["name"];
      },
      /appears twice/,
    ],
    [
      "a layer less than weights",
      (json) => {
        const { layers } = json.modelTopology.config;
        layers.splice(layers.length - 1, 1);
      },
      /no layer of the model has the weights \S+kernel, \S+bias/,
    ],
    [
      "two layers of one name",
      (json) => {
        const { layers } = json.modelTopology.config;
        layers[3]!.config["name"] = layers[2]!.config["name"];
      },
      /two layers are called/,
    ],
  ];
  it.each(cases)("is refused: %s", async (_, change, message) => {
    const error: unknown = await convertChanged(change).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MienError);
    expect(error).toMatchObject({ code: "bad-model" });
    expect((error as Error).message).toMatch(message);
  });

  it("is refused without a model.json", async () => {
    await expect(readLayersModel(path.join(root, "nowhere"))).rejects.toMatchObject({
      code: "missing-file",
    });
  });

  it("is refused at whatever byte its weights are cut off", async () => {
    const bytes = await weightsBin();
    for (const length of [0, 1, 4, bytes.length - 4, bytes.length - 1]) {
      const files = { "weights.bin": bytes.subarray(0, length) };
      await expect(convertChanged(() => undefined, files)).rejects.toThrow(
        `should take ${bytes.length} bytes, found ${length}`,
      );
    }
  });

  it.each([NaN, Infinity, -Infinity])("is refused with a weight of %d", async (value) => {
    const bytes = Buffer.from(await weightsBin());
    bytes.writeFloatLE(value, 40);
    await expect(convertChanged(() => undefined, { "weights.bin": bytes })).rejects.toThrow(
      /weight \S+kernel holds (NaN|-?Infinity) at position 10/,
    );
  });
});

describe("a model that cannot be converted", () => {
  const cases: [string, (json: ModelJson) => unknown, RegExp][] = [
    [
      "an unknown layer, with its class and what is supported",
      (json) => void (json.modelTopology.config.layers[2]!.class_name = "LSTM"),
      /layer conv2d\S+ \(LSTM\) cannot be converted; supported are Conv1D, .*Rescaling/,
    ],
    [
      "an unknown activation",
      (json) => void (config(json, "Activation")["activation"] = "cube"),
      /\(Activation\) has the activation "cube"; supported are linear, relu/,
    ],
    [
      "a layer that tfjs has not, with the nearest one",
      (json) => void (json.modelTopology.config.layers[2]!.class_name = "SeparableConv1D"),
      /\(SeparableConv1D\) cannot be converted; tfjs has no such layer.*; similar layers are SeparableConv2D/,
    ],
    [
      "a custom layer, whose computation is unknown",
      (json) => void (json.modelTopology.config.layers[2]!.class_name = "PixelShuffle2x"),
      /\(PixelShuffle2x\) cannot be converted; tfjs has no such layer, and the file does not contain/,
    ],
    [
      "causal padding",
      (json) => void (config(json, "Conv2D")["padding"] = "causal"),
      /has the padding "causal"; supported are same and valid/,
    ],
    [
      "an input of unknown size",
      (json) => void (config(json, "InputLayer")["batch_input_shape"] = [null, null, 24, 1]),
      /every size but the first must be known/,
    ],
    [
      "whole numbers as input",
      (json) => void (config(json, "InputLayer")["dtype"] = "int32"),
      /is "int32", supported is float32/,
    ],
    ["a graph model", (json) => void (json["format"] = "graph-model"), /is a graph model/],
  ];
  it.each(cases)("is refused by name: %s", async (_, change, message) => {
    const error: unknown = await convertChanged(change).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "unsupported" });
    expect((error as Error).message).toMatch(message);
  });
});

it("every layer of tfjs is either converted or known as one that is not", () => {
  const tf = loadTf();
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const layers = Object.entries(classNameMap)
    .filter(([, [type]]) => type.prototype instanceof tf.layers.Layer)
    .map(([name]) => name);
  const models = ["InputLayer", "Model", "Functional", "Sequential"];
  const known = [...Object.keys(LAYERS), ...OTHERS, ...models];
  expect(layers.filter((name) => !known.includes(name))).toEqual([]);
  expect(OTHERS.filter((name) => !layers.includes(name) || name in LAYERS)).toEqual([]);
});

describe("a graph model", () => {
  it("is refused with the way that exists", async () => {
    const change = (json: ModelJson) => void (json["format"] = "graph-model");
    await expect(convertChanged(change)).rejects.toMatchObject({
      advice: expect.stringMatching(/tf2onnx\.convert --tfjs .*numpy 1\.26/) as string,
    });
  });
});

describe("a layer that cannot be converted", () => {
  const messageFor = (name: string) =>
    convertChanged((json) => void (json.modelTopology.config.layers[2]!.class_name = name)).catch(
      (error: unknown) => (error as Error).message,
    );

  it.each(["LSTM", "GRU", "Embedding", "ConvLSTM2D", "Masking", "Attention", "TimeDistributed"])(
    "has no similar layer if none does a similar thing: %s",
    async (name) => expect(await messageFor(name)).not.toMatch(/similar/),
  );

  it.each([
    ["GlobalMaxPooling3D", "GlobalAveragePooling2D and GlobalMaxPooling2D"],
    ["GroupNormalization", "LayerNormalization"],
    ["ZeroPadding1D", "ZeroPadding2D"],
    ["Conv1DTranspose", "Conv2DTranspose and Conv3DTranspose"],
  ])("is told with similar ones: %s", async (name, similar) =>
    expect(await messageFor(name)).toContain(`similar layers are ${similar};`),
  );
});

describe("a model folder of another writer", () => {
  it("may have a byte order mark before the JSON", async () => {
    const plain = await convertChanged(() => undefined);
    const marked = await convertChanged((json) => `\uFEFF${JSON.stringify(json)}`);
    expect(Buffer.compare(marked, plain)).toBe(0);
  });

  it("gives the same file from Keras' wrapped topology and sharded weights", async () => {
    const bytes = await readFile(path.join(whole, "weights.bin"));
    const files = { "w-1of2.bin": bytes.subarray(0, 333), "w-2of2.bin": bytes.subarray(333) };
    const plain = await convertChanged(() => undefined);
    const wrapped = await convertChanged((json) => {
      json.weightsManifest[0]!.paths = ["w-1of2.bin", "w-2of2.bin"];
      const model = json.modelTopology;
      return { ...json, modelTopology: { keras_version: "2.4.0", model_config: model } };
    }, files);
    expect(Buffer.compare(wrapped, plain)).toBe(0);
  });

  it("may hold an optimiser's state, which is left out", async () => {
    const bytes = await readFile(path.join(whole, "weights.bin"));
    const plain = await convertChanged(() => undefined);
    const withState = await convertChanged(
      (json) => {
        json.weightsManifest[0]!.weights.push(
          { name: "iter", shape: [], dtype: "int32", group: "optimizer" },
          { name: "kernel/m", shape: [2], dtype: "float32", group: "optimizer" },
        );
        json.weightsManifest[0]!.weights.unshift({
          name: "flags",
          shape: [3],
          dtype: "bool",
          group: "optimizer",
        });
      },
      { "weights.bin": Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(12, 0xff)]) },
    );
    expect(Buffer.compare(withState, plain)).toBe(0);
  });
});
