import path from "node:path";
import { writeFileAtomic, writeJson } from "@mien/cli";
import type { ModelInput, NamedTensor } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import { l2Of, type Stage } from "./architecture.ts";
import { BATCH_NORM_EPSILON } from "../tensor/native-ops.ts";
import type { Standardisation } from "./standardise.ts";
import { tf } from "../tensor/tf.ts";

/** A tfjs LayersModel. */
export type LayersModel = InstanceType<typeof tf.Sequential>;

/** Settings of the model, in addition to its stages. */
interface LayersModelOptions {
  readonly input: ModelInput;
  readonly batchNormMomentum: number;
  /**
   * If given, the model standardises its input, which is pixels 0–255; else it takes standardised
   * images.
   */
  readonly standardisation?: Standardisation;
  /** Factor of the squared kernel weights in the loss, if tfjs trains the model; default 0. */
  readonly l2?: number;
  /** The layers to which `l2` applies; default `all`. */
  readonly l2On?: TrainConfig["l2On"];
}

/**
 * The network as a tfjs LayersModel with softmax as its last operation. The layers have the names of
 * the stages. The weights are random until `setWeights`.
 */
export function buildLayersModel(
  stages: readonly Stage[],
  options: LayersModelOptions,
): LayersModel {
  const { input, standardisation, batchNormMomentum } = options;
  const model = tf.sequential({ name: "mien" });
  model.add(
    tf.layers.inputLayer({
      inputShape: [input.height, input.width, input.channels],
      name: "input",
    }),
  );
  if (standardisation) {
    const { mean, deviation } = standardisation;
    model.add(
      tf.layers.rescaling({
        scale: 1 / deviation,
        offset: -mean / deviation,
        name: "standardise",
      }),
    );
  }
  const regularizer = (stage: Stage) => {
    const l2 = l2Of(stage, options);
    return l2 > 0 ? { kernelRegularizer: tf.regularizers.l2({ l2 }) } : {};
  };
  for (const stage of stages) {
    const { name } = stage;
    switch (stage.kind) {
      case "convolution": {
        const [height, width, , filters] = stage.shape;
        const kernelSize: [number, number] = [height, width];
        const layer = { name, filters, kernelSize, useBias: stage.bias, ...regularizer(stage) };
        model.add(tf.layers.conv2d({ ...layer, padding: "same" }));
        break;
      }
      case "dense": {
        const [, units] = stage.shape;
        const activation = name === "output" ? { activation: "softmax" as const } : {};
        const layer = { name, units, useBias: stage.bias, ...regularizer(stage) };
        model.add(tf.layers.dense({ ...layer, ...activation }));
        break;
      }
      case "normalization":
        model.add(
          tf.layers.batchNormalization({
            name,
            momentum: batchNormMomentum,
            epsilon: BATCH_NORM_EPSILON,
          }),
        );
        break;
      case "pool":
        model.add(tf.layers.maxPooling2d({ name, poolSize: 2 }));
        break;
      case "relu":
        model.add(tf.layers.activation({ name, activation: "relu" }));
        break;
      case "dropout":
        model.add(tf.layers.dropout({ name, rate: stage.rate }));
        break;
      case "flatten":
        model.add(tf.layers.flatten({ name }));
        break;
      case "average":
        model.add(tf.layers.globalAveragePooling2d({ name, dataFormat: "channelsLast" }));
        break;
    }
  }
  return model;
}

/** For each class of tfjs layers, the network's names of its weights, in the order of `getWeights`. */
const WEIGHT_NAMES: Readonly<Record<string, readonly string[]>> = {
  Conv2D: ["kernel", "bias"],
  Dense: ["kernel", "bias"],
  BatchNormalization: ["scale", "offset", "mean", "variance"],
};

/** Copies the values of a network by name into a model that was built from the same stages. */
export function setWeights(model: LayersModel, state: Readonly<Record<string, NamedTensor>>): void {
  for (const layer of model.layers) {
    const names = WEIGHT_NAMES[layer.getClassName()] ?? [];
    const weights = names
      .map((name) => state[`${layer.name}.${name}`])
      .filter((tensor) => tensor !== undefined)
      .map(({ data, shape }) => tf.tensor(Float32Array.from(data), [...shape]));
    if (weights.length > 0) layer.setWeights(weights);
    tf.dispose(weights);
  }
}

/**
 * Saves a model in tfjs's file format, as `weights.bin` and then `model.json`. Each file is replaced
 * as a whole, so that the folder never holds half a model.
 */
export async function saveLayersModel(model: LayersModel, folder: string): Promise<void> {
  let saving = Promise.resolve();
  const handler = tf.io.withSaveHandler((artifacts) => {
    const parts = [artifacts.weightData ?? []].flat();
    saving = writeFileAtomic(
      path.join(folder, "weights.bin"),
      parts.map((part) => new Uint8Array(part)),
    ).then(() =>
      writeJson(path.join(folder, "model.json"), {
        format: artifacts.format,
        generatedBy: artifacts.generatedBy,
        convertedBy: artifacts.convertedBy ?? null,
        modelTopology: artifacts.modelTopology,
        weightsManifest: [{ paths: ["weights.bin"], weights: artifacts.weightSpecs }],
      }),
    );
    const modelArtifactsInfo = { dateSaved: new Date(), modelTopologyType: "JSON" as const };
    return saving.then(() => ({ modelArtifactsInfo }));
  });
  await model.save(handler);
}
