import { stack, type TestModel } from "./test-models.ts";

const PADDINGS = ["same", "valid"] as const;
/** An even and an odd side, so that exchanged height and width are noticed. */
const ODD_EVEN = [7, 8, 2] as const;
const EVEN_ODD = [6, 9, 3] as const;

const list = (value: number | readonly number[]) => [value].flat().join("x");

/** Every activation that tfjs-layers has by name. */
export const ACTIVATIONS = [
  "linear",
  "relu",
  "relu6",
  "elu",
  "selu",
  "sigmoid",
  "hardSigmoid",
  "tanh",
  "softplus",
  "softsign",
  "softmax",
  "logSoftmax",
  "swish",
  "mish",
  "gelu",
  "gelu_new",
] as const;

/** Kernel × padding × stride × input size, dilation apart. */
export function convolutions(): TestModel[] {
  const testModels: TestModel[] = [];
  for (const kernelSize of [1, 2, 3, [2, 3], 4, 5] as (number | [number, number])[]) {
    for (const padding of PADDINGS) {
      for (const strides of [1, 2, 3, [2, 1]] as (number | [number, number])[]) {
        for (const shape of [ODD_EVEN, EVEN_ODD]) {
          testModels.push({
            name: `conv ${list(kernelSize)} ${padding} stride ${list(strides)} on ${shape.join("x")}`,
            build: stack(shape, (tf) => [
              tf.layers.conv2d({ filters: 4, kernelSize, padding, strides }),
            ]),
          });
        }
      }
      if (kernelSize === 1) continue;
      testModels.push({
        name: `conv ${list(kernelSize)} ${padding} dilated`,
        build: stack([13, 14, 2], (tf) => [
          tf.layers.conv2d({
            filters: 3,
            kernelSize,
            padding,
            dilationRate: [2, 3],
            useBias: false,
          }),
        ]),
      });
    }
  }
  return testModels;
}

export function depthwiseConvolutions(): TestModel[] {
  const testModels: TestModel[] = [];
  for (const kernelSize of [2, 3, [3, 2]] as (number | [number, number])[]) {
    for (const padding of PADDINGS) {
      for (const strides of [1, 2]) {
        for (const depthMultiplier of [1, 2]) {
          const options = { kernelSize, padding, strides, depthMultiplier };
          const title = `${list(kernelSize)} ${padding} stride ${strides} multiplier ${depthMultiplier}`;
          testModels.push(
            {
              name: `depthwise ${title}`,
              build: stack(EVEN_ODD, (tf) => [tf.layers.depthwiseConv2d(options)]),
            },
            {
              name: `separable ${title}`,
              build: stack(ODD_EVEN, (tf) => [
                tf.layers.separableConv2d({ filters: 5, activation: "relu", ...options }),
              ]),
            },
          );
        }
      }
      testModels.push({
        name: `separable ${list(kernelSize)} ${padding} dilated, without bias`,
        build: stack([9, 11, 3], (tf) => [
          tf.layers.separableConv2d({
            filters: 4,
            kernelSize,
            padding,
            dilationRate: 2,
            useBias: false,
          }),
        ]),
      });
    }
  }
  return testModels;
}

export function poolings(): TestModel[] {
  const testModels: TestModel[] = [];
  for (const poolSize of [2, 3, [2, 3], [5, 4]] as (number | [number, number])[]) {
    for (const padding of PADDINGS) {
      for (const strides of [undefined, 1, 2, 3, [1, 2]] as (number | [number, number])[]) {
        const options = { poolSize, padding, ...(strides === undefined ? {} : { strides }) };
        const title = `${list(poolSize)} ${padding} stride ${list(strides ?? poolSize)}`;
        testModels.push(
          {
            name: `max ${title}`,
            build: stack(ODD_EVEN, (tf) => [tf.layers.maxPooling2d(options)]),
          },
          {
            name: `average ${title}`,
            build: stack(EVEN_ODD, (tf) => [tf.layers.averagePooling2d(options)]),
          },
        );
      }
    }
  }
  testModels.push(
    {
      name: "global average",
      build: stack(ODD_EVEN, (tf) => [tf.layers.globalAveragePooling2d({})]),
    },
    { name: "global max", build: stack(EVEN_ODD, (tf) => [tf.layers.globalMaxPooling2d({})]) },
  );
  return testModels;
}

/** Each activation on images and on vectors, then the layers that are activations. */
export function activations(): TestModel[] {
  const named = ACTIVATIONS.flatMap((activation): TestModel[] => [
    {
      name: `conv with ${activation}`,
      build: stack(ODD_EVEN, (tf) => [
        tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: activation as "relu" }),
      ]),
    },
    {
      name: `dense, then ${activation}`,
      build: stack([5], (tf) => [
        tf.layers.dense({ units: 6 }),
        tf.layers.activation({ activation: activation as "relu" }),
      ]),
    },
  ]);
  const onImages = (name: string, layer: Parameters<typeof stack>[1]): TestModel => ({
    name: `${name} after conv`,
    build: stack(ODD_EVEN, (tf) => [tf.layers.conv2d({ filters: 3, kernelSize: 2 }), ...layer(tf)]),
  });
  const onInput = (name: string, layer: Parameters<typeof stack>[1]): TestModel => ({
    name: `${name} on the input`,
    build: stack(EVEN_ODD, layer),
  });
  return [
    ...named,
    ...[onImages, onInput].flatMap((on) => [
      on("ReLU", (tf) => [tf.layers.reLU()]),
      on("ReLU up to 0.5", (tf) => [tf.layers.reLU({ maxValue: 0.5 })]),
      on("LeakyReLU", (tf) => [tf.layers.leakyReLU({ alpha: 0.17 })]),
      on("PReLU", (tf) => [tf.layers.prelu()]),
      on("PReLU per channel", (tf) => [tf.layers.prelu({ sharedAxes: [1, 2] })]),
      on("ELU", (tf) => [tf.layers.elu()]),
      on("ThresholdedReLU", (tf) => [tf.layers.thresholdedReLU({ theta: 0.4 })]),
      ...[3, -1].map((axis) => on(`Softmax along ${axis}`, (tf) => [tf.layers.softmax({ axis })])),
    ]),
    {
      name: "PReLU on a flattened image",
      build: stack(ODD_EVEN, (tf) => [
        tf.layers.conv2d({ filters: 3, kernelSize: 2 }),
        tf.layers.flatten(),
        tf.layers.prelu(),
        tf.layers.dense({ units: 3 }),
      ]),
    },
  ];
}

export function normalizations(): TestModel[] {
  const after = (name: string, before: Parameters<typeof stack>[1]): TestModel => ({
    name: `batch norm after ${name}`,
    build: stack([8, 9, 3], (tf) => [...before(tf), tf.layers.batchNormalization()]),
  });
  return [
    after("conv", (tf) => [tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" })]),
    after("conv without bias", (tf) => [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }),
    ]),
    after("depthwise conv", (tf) => [
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
    ]),
    after("separable conv", (tf) => [tf.layers.separableConv2d({ filters: 4, kernelSize: 3 })]),
    after("conv with relu", (tf) => [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu" }),
    ]),
    after("max pooling", (tf) => [
      tf.layers.conv2d({ filters: 4, kernelSize: 3 }),
      tf.layers.maxPooling2d({ poolSize: 2, padding: "same" }),
    ]),
    after("average pooling", (tf) => [
      tf.layers.conv2d({ filters: 4, kernelSize: 3 }),
      tf.layers.averagePooling2d({ poolSize: 2, padding: "same" }),
    ]),
    after("flatten", (tf) => [
      tf.layers.conv2d({ filters: 4, kernelSize: 3 }),
      tf.layers.flatten(),
    ]),
    after("dense", (tf) => [tf.layers.flatten(), tf.layers.dense({ units: 7 })]),
    after("nothing", () => []),
    {
      name: "batch norm on vectors",
      build: stack([6], (tf) => [tf.layers.batchNormalization({ epsilon: 0.1 })]),
    },
    {
      name: "batch norm without scale",
      build: stack([6], (tf) => [tf.layers.batchNormalization({ scale: false })]),
    },
    {
      name: "batch norm without centre",
      build: stack([4, 4, 2], (tf) => [tf.layers.batchNormalization({ center: false })]),
    },
    {
      name: "batch norm on rows",
      build: stack([4, 5], (tf) => [tf.layers.batchNormalization()]),
    },
    ...[1, 2].map((axis) => ({
      name: `batch norm along axis ${axis}`,
      build: stack([4, 5, 3], (tf) => [
        tf.layers.conv2d({ filters: 2, kernelSize: 1 }),
        tf.layers.batchNormalization({ axis }),
      ]),
    })),
    {
      name: "batch norm that only lifts, across max pooling",
      build: stack([8, 8, 2], (tf) => [
        tf.layers.conv2d({ filters: 3, kernelSize: 3 }),
        tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
        tf.layers.batchNormalization({ scale: false }),
      ]),
    },
  ];
}
