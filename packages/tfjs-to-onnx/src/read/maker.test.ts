import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { runOnnx } from "@mien/runtime";
import { loadTf } from "../testing/tf.ts";
import { convertLayersModel, type ConvertOptions } from "../convert.ts";
import { readLayersModel } from "./layers-model.ts";
import { makerOf } from "./maker.ts";

const FIXTURES = path.resolve(import.meta.dirname, "../../fixtures");

describe("the maker of a file", () => {
  it.each([
    [{ keras_version: "tfjs-layers 4.22.0" }, {}, "tfjs", "tfjs 4.22.0"],
    [{ keras_version: "3.15.1" }, { generatedBy: "keras v3.15.1" }, "keras3", "Keras 3.15.1"],
    [{ keras_version: "2.2.4-tf" }, {}, "keras2", "Keras 2.2.4-tf"],
    [
      { keras_version: "2.15.0" },
      { convertedBy: "TensorFlow.js Converter v4" },
      "keras2",
      "Keras 2.15.0",
    ],
    [{}, { generatedBy: "keras v3.5.0" }, "keras3", "Keras 3.5.0"],
    [{}, { generatedBy: "TensorFlow.js tfjs-layers v4.22.0" }, "tfjs", "tfjs 4.22.0"],
    [{}, { convertedBy: "TensorFlow.js Converter v4.22.0" }, "keras", "Keras"],
    [{ keras_version: "4.0.0" }, {}, "keras", "Keras 4.0.0"],
    [{}, {}, "tfjs", "tfjs"],
    [null, { generatedBy: 3, convertedBy: null }, "tfjs", "tfjs"],
  ])("of %j and %j follows the rules of %s", (topology, about, rules, title) => {
    expect(makerOf(topology, about)).toMatchObject({ rules, title });
  });

  const small = (className: string, config: object, keras_version: string) => ({
    topology: {
      keras_version,
      class_name: "Sequential",
      config: [
        { class_name: "InputLayer", config: { batch_input_shape: [null, 2, 2, 1] } },
        { class_name: className, config: { name: "layer", ...config } },
      ],
    },
    weights: {},
  });

  it("decides, and is asked for where it is not told and versions differ", () => {
    const sigmoid = { activation: "hard_sigmoid" };
    expect(() => convertLayersModel(small("Activation", sigmoid, "4.0.0"))).toThrow(
      /"hard_sigmoid", which Keras 2 and 3 compute differently; the file was made by Keras 4\.0\.0/,
    );
    const bilinear = { interpolation: "bilinear" };
    expect(() => convertLayersModel(small("UpSampling2D", bilinear, "2.2.4-tf"))).toThrow(
      /Keras 2\.2\.4-tf computes it as its TensorFlow did/,
    );
    const of = (version: string) => convertLayersModel(small("UpSampling2D", bilinear, version));
    expect(Buffer.compare(of("2.15.0"), of("3.15.0"))).toBe(0);
    expect(Buffer.compare(of("tfjs-layers 4.22.0"), of("3.15.0"))).not.toBe(0);
  });
});

describe("a file of tfjs", () => {
  it.each(["mixed-formats-bilinear", "unnamed-input-layer"])(
    "opens and answers as tfjs does: %s",
    async (name) => {
      const folder = path.join(FIXTURES, name);
      const tf = loadTf();
      const model = await tf.loadLayersModel(`file://${folder}/model.json`);
      const shape = [2, ...(model.inputs[0]?.shape.slice(1) ?? [])] as number[];
      const size = shape.reduce((product, n) => product * n, 1);
      const data = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
      const expected = await (
        model.predict(tf.tensor(data, shape)) as ReturnType<typeof tf.tensor>
      ).data();
      const onnx = convertLayersModel(await readLayersModel(folder));
      const [answer] = await runOnnx(onnx, [{ shape, data }]);
      expected.forEach((value, i) => expect(answer?.data[i]).toBeCloseTo(value, 4));
    },
  );
});

describe("a model whose input is open", () => {
  const convertOpen = async (options: ConvertOptions) => {
    const folder = path.join(FIXTURES, "mixed-formats-bilinear");
    const model = await readLayersModel(folder);
    const text = await readFile(path.join(folder, "model.json"), "utf8");
    const { modelTopology } = JSON.parse(text) as {
      modelTopology: { config: { layers: { config: object }[] } };
    };
    Object.assign(modelTopology.config.layers[0]?.config ?? {}, {
      batch_input_shape: [null, null, 6, 5],
    });
    return convertLayersModel({ ...model, topology: modelTopology }, options);
  };

  it("is converted for the sizes that are given, and for no others", async () => {
    const stated = await readLayersModel(path.join(FIXTURES, "mixed-formats-bilinear"));
    const plain = convertLayersModel(stated);
    expect(Buffer.compare(await convertOpen({ inputShape: [4, 6, 5] }), plain)).toBe(0);
    expect(Buffer.compare(await convertOpen({ inputShape: { input1: [4, 6, 5] } }), plain)).toBe(0);
    for (const inputShape of [
      [4, 7, 5],
      [6, 5],
      [0, 6, 5],
      [2.5, 6, 5],
    ]) {
      await expect(convertOpen({ inputShape })).rejects.toThrow(
        /does not fit input input1, which is \[\?, 6, 5\]/,
      );
    }
    await expect(convertOpen({ inputShape: { other: [4, 6, 5] } })).rejects.toThrow(
      /no input is called other/,
    );
    await expect(convertOpen({})).rejects.toMatchObject({
      advice: expect.stringContaining("--input-shape") as string,
    });
  });
});
