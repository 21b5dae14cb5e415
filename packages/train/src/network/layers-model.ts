import path from "node:path";
import { writeFileAtomic, writeJson } from "@mien/cli";
import type { ModelInput, NamedTensor } from "@mien/format";
import type { Stage } from "./architecture.ts";
import { BATCH_NORM_EPSILON } from "../tensor/native-ops.ts";
import type { Standardisation } from "./standardise.ts";
import { tf } from "../tensor/tf.ts";

/** A stock tfjs model. */
export type LayersModel = InstanceType<typeof tf.Sequential>;

/** What may be added around the stages. */
export interface LayersModelOptions {
  readonly input: ModelInput;
  readonly batchNormMomentum: number;
  /** If given, the model begins with it and so takes pixels 0–255; else standardised images. */
  readonly standardisation?: Standardisation;
  /** Weight of the squared kernels; matters only if stock tfjs trains the model. */
  readonly l2?: number;
}

/**
 * The network as a stock tfjs LayersModel with softmax at its end; layers carry the stages' names.
 * Its weights are random until `setWeights`.
 */
export function buildLayersModel(
  stages: readonly Stage[],
  { input, standardisation, batchNormMomentum, l2 = 0 }: LayersModelOptions,
): LayersModel {
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
  const regularizer = () => (l2 > 0 ? { kernelRegularizer: tf.regularizers.l2({ l2 }) } : {});
  for (const stage of stages) {
    const { name } = stage;
    switch (stage.kind) {
      case "convolution": {
        const [height, width, , filters] = stage.shape;
        const kernelSize: [number, number] = [height, width];
        const options = { name, filters, kernelSize, useBias: stage.bias, ...regularizer() };
        model.add(tf.layers.conv2d({ ...options, padding: "same" }));
        break;
      }
      case "dense": {
        const [, units] = stage.shape;
        const activation = name === "output" ? { activation: "softmax" as const } : {};
        const options = { name, units, useBias: stage.bias, ...regularizer() };
        model.add(tf.layers.dense({ ...options, ...activation }));
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

/** The network's names for a tfjs layer's weights, in the order of `getWeights`. */
const WEIGHT_PARTS = {
  Conv2D: ["kernel", "bias"],
  Dense: ["kernel", "bias"],
  BatchNormalization: ["scale", "offset", "mean", "variance"],
} as const;

/** Copies a network's values, by name, into a model that was built from the same stages. */
export function setWeights(model: LayersModel, state: Readonly<Record<string, NamedTensor>>): void {
  for (const layer of model.layers) {
    const parts = WEIGHT_PARTS[layer.getClassName() as keyof typeof WEIGHT_PARTS] as
      readonly string[] | undefined;
    const weights = (parts ?? [])
      .map((part) => state[`${layer.name}.${part}`])
      .filter((tensor) => tensor !== undefined)
      .map(({ data, shape }) => tf.tensor(data as Float32Array, [...shape]));
    if (weights.length > 0) layer.setWeights(weights);
    tf.dispose(weights);
  }
}

/**
 * Saves a model as `model.json` and `weights.bin`, the layout of tfjs's own file format, so that
 * the folder is never without a whole model: the weights first, each file whole or not at all.
 */
export async function saveLayersModel(model: LayersModel, folder: string): Promise<void> {
  let saving = Promise.resolve();
  const handler = tf.io.withSaveHandler((artifacts) => {
    const data = artifacts.weightData as ArrayBuffer | ArrayBuffer[];
    const parts = Array.isArray(data) ? data : [data];
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
