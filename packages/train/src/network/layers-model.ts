import path from "node:path";
import { writeFileAtomic, writeJson } from "@mien/cli";
import type { ModelInput, NamedTensor } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import { l2Of, type Stage } from "./architecture.ts";
import { BLUR_SIZE, blurKernel } from "./blur-kernel.ts";
import { denseNames } from "./squeeze-excite.ts";
import { BATCH_NORM_EPSILON } from "../tensor/native-ops.ts";
import type { Standardisation } from "./standardise.ts";
import { tf } from "../tensor/tf.ts";

/** A tfjs LayersModel. */
export type LayersModel = InstanceType<typeof tf.LayersModel>;

type TfLayer = LayersModel["layers"][number];
type Symbolic = InstanceType<typeof tf.SymbolicTensor>;

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
 * the stages. The model is sequential, or functional if it has squeeze-and-excitation, which branches.
 * The weights are random until `setWeights`, except the fixed kernels of blurs.
 */
export function buildLayersModel(
  stages: readonly Stage[],
  options: LayersModelOptions,
): LayersModel {
  const { input, standardisation } = options;
  const name = "mien";
  const inputShape = [input.height, input.width, input.channels];
  const head = standardisation ? [rescaling(standardisation)] : [];
  let model: LayersModel;
  if (stages.some(({ kind }) => kind === "squeeze-excite")) {
    const inputs = tf.input({ shape: inputShape, name: "input" });
    let x = head.reduce(call, inputs);
    for (const stage of stages) {
      x =
        stage.kind === "squeeze-excite"
          ? squeezeExcite(x, stage, options)
          : call(x, layerOf(stage, options));
    }
    model = tf.model({ inputs, outputs: x, name });
  } else {
    const sequential = tf.sequential({ name });
    sequential.add(tf.layers.inputLayer({ inputShape, name: "input" }));
    for (const layer of head) sequential.add(layer);
    for (const stage of stages) {
      if (stage.kind !== "squeeze-excite") sequential.add(layerOf(stage, options));
    }
    model = sequential;
  }
  fixBlurKernels(model);
  return model;
}

function rescaling({ mean, deviation }: Standardisation): TfLayer {
  return tf.layers.rescaling({
    scale: 1 / deviation,
    offset: -mean / deviation,
    name: "standardise",
  });
}

/** The symbolic result of a layer. */
function call(x: Symbolic | Symbolic[], layer: TfLayer): Symbolic {
  const result = layer.apply(x);
  if (result instanceof tf.SymbolicTensor) return result;
  throw new Error(`layer ${layer.name} has more than one output`);
}

function regularizer(stage: Stage, options: LayersModelOptions) {
  const l2 = l2Of(stage, options);
  return l2 > 0 ? { kernelRegularizer: tf.regularizers.l2({ l2 }) } : {};
}

/** The layer of a stage that is one layer. */
function layerOf(
  stage: Exclude<Stage, { kind: "squeeze-excite" }>,
  options: LayersModelOptions,
): TfLayer {
  const { name } = stage;
  switch (stage.kind) {
    case "convolution": {
      const [height, width, , filters] = stage.shape;
      const kernelSize: [number, number] = [height, width];
      const layer = { name, filters, kernelSize, useBias: stage.bias };
      return tf.layers.conv2d({ ...layer, padding: "same", ...regularizer(stage, options) });
    }
    case "dense": {
      const [, units] = stage.shape;
      const activation = name === "output" ? { activation: "softmax" as const } : {};
      const layer = { name, units, useBias: stage.bias, ...activation };
      return tf.layers.dense({ ...layer, ...regularizer(stage, options) });
    }
    case "normalization":
      return tf.layers.batchNormalization({
        name,
        momentum: options.batchNormMomentum,
        epsilon: BATCH_NORM_EPSILON,
      });
    case "pool":
      return tf.layers.maxPooling2d({ name, poolSize: 2, strides: stage.stride });
    case "blur":
      return tf.layers.depthwiseConv2d({
        name,
        kernelSize: BLUR_SIZE,
        strides: 2,
        padding: "same",
        useBias: false,
      });
    case "relu":
      return tf.layers.activation({ name, activation: "relu" });
    case "dropout":
      return tf.layers.dropout({ name, rate: stage.rate });
    case "flatten":
      return tf.layers.flatten({ name });
    case "average":
      return tf.layers.globalAveragePooling2d({ name, dataFormat: "channelsLast" });
  }
}

/** Squeeze-and-excitation: mean of each map → dense, ReLU → dense, sigmoid → factor of each map. */
function squeezeExcite(
  x: Symbolic,
  stage: Extract<Stage, { kind: "squeeze-excite" }>,
  options: LayersModelOptions,
): Symbolic {
  const { name, channels, units } = stage;
  const names = denseNames(name);
  const common = regularizer(stage, options);
  const branch = [
    tf.layers.globalAveragePooling2d({ name: `${name}_mean`, dataFormat: "channelsLast" }),
    tf.layers.dense({ name: names.reduce, units, activation: "relu", ...common }),
    tf.layers.dense({ name: names.expand, units: channels, activation: "sigmoid", ...common }),
    tf.layers.reshape({ name: `${name}_factors`, targetShape: [1, 1, channels] }),
  ];
  return call([x, branch.reduce(call, x)], tf.layers.multiply({ name }));
}

/** Gives the blurs their kernels, and excludes these from training. */
function fixBlurKernels(model: LayersModel): void {
  for (const layer of model.layers) {
    const [kernel] = layer.getClassName() === "DepthwiseConv2D" ? layer.getWeights() : [];
    if (kernel === undefined) continue;
    const [, , channels = 0] = kernel.shape;
    const values = tf.tensor(blurKernel(channels), kernel.shape);
    layer.setWeights([values]);
    layer.trainable = false;
    values.dispose();
  }
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
