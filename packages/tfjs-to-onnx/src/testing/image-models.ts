import { stack, type TestModel } from "./test-models.ts";
import type { Tf, TfLayer } from "./tf.ts";

/** Normalisation along several axes, cropping, enlarging, permuting, repeating. */
export function otherLayers(): TestModel[] {
  const conv = (tf: Tf) => tf.layers.conv2d({ filters: 3, kernelSize: 2 });
  const both = (name: string, layers: (tf: Tf) => TfLayer[]): TestModel[] => [
    { name, build: stack([5, 6, 2], layers) },
    { name: `${name} after conv`, build: stack([6, 7, 2], (tf) => [conv(tf), ...layers(tf)]) },
  ];
  return [
    ...[-1, [1, 2, 3], [2, 3], [1, 3], 1].flatMap((axis) =>
      both(`layer norm along ${[axis].flat().join()}`, (tf) => [
        tf.layers.layerNormalization({ axis }),
      ]),
    ),
    ...both("layer norm without scale and centre", (tf) => [
      tf.layers.layerNormalization({ scale: false, center: false, epsilon: 0.1 }),
    ]),
    ...both("cropping", (tf) => [
      tf.layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 1],
        ],
      }),
    ]),
    ...both("upsampling by 2", (tf) => [tf.layers.upSampling2d({})]),
    ...both("upsampling by 3 and 2, bilinear", (tf) => [
      tf.layers.upSampling2d({ size: [3, 2], interpolation: "bilinear" }),
    ]),
    ...[
      [2, 1, 3],
      [3, 1, 2],
      [1, 2, 3],
      [3, 2, 1],
    ].flatMap((dims) => both(`permute ${dims.join("")}`, (tf) => [tf.layers.permute({ dims })])),
    ...both("permute and flatten", (tf) => [
      tf.layers.permute({ dims: [3, 1, 2] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ]),
    {
      name: "repeat vector",
      build: stack([5], (tf) => [tf.layers.repeatVector({ n: 3 }), tf.layers.dense({ units: 2 })]),
    },
    {
      name: "repeat a flattened image",
      build: stack([4, 4, 2], (tf) => [
        conv(tf),
        tf.layers.flatten(),
        tf.layers.repeatVector({ n: 2 }),
      ]),
    },
    ...both("noise and dropout of every kind", (tf) => [
      tf.layers.gaussianNoise({ stddev: 0.5 }),
      tf.layers.gaussianDropout({ rate: 0.5 }),
      tf.layers.alphaDropout({ rate: 0.5 }),
      tf.layers.dropout({ rate: 0.5, noiseShape: [1, 1, 1] as never }),
    ]),
  ];
}

/** Images that tfjs holds with their channels first. */
export function channelsFirst(): TestModel[] {
  const dataFormat = "channelsFirst" as const;
  const net = (name: string, layers: (tf: Tf) => TfLayer[]): TestModel => ({
    name: `channels first: ${name}`,
    build: stack([2, 6, 7], layers),
  });
  const conv = (tf: Tf) => tf.layers.conv2d({ filters: 3, kernelSize: 3, dataFormat });
  return [
    net("conv and batch norm", (tf) => [conv(tf), tf.layers.batchNormalization({ axis: 1 })]),
    net("poolings", (tf) => [
      tf.layers.maxPooling2d({ poolSize: 2, dataFormat }),
      tf.layers.averagePooling2d({ poolSize: 2, strides: 1, padding: "same", dataFormat }),
    ]),
    net("flatten and dense", (tf) => [
      conv(tf),
      tf.layers.flatten({ dataFormat }),
      tf.layers.dense({ units: 3 }),
    ]),
    net("flatten as it is and dense", (tf) => [
      conv(tf),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ]),
    net("global average", (tf) => [conv(tf), tf.layers.globalAveragePooling2d({ dataFormat })]),
    net("cropping, padding and upsampling", (tf) => [
      tf.layers.cropping2D({ cropping: 1, dataFormat }),
      tf.layers.upSampling2d({ size: [2, 3], dataFormat }),
    ]),
    net("transposed conv", (tf) => [
      tf.layers.conv2dTranspose({
        filters: 3,
        kernelSize: 3,
        strides: 2,
        padding: "same",
        dataFormat,
      }),
    ]),
    // Along the last axis, which here is the width; a separable convolution's along its channels.
    net("softmax after convolutions", (tf) => {
      const options = { kernelSize: 3, activation: "softmax" as const, dataFormat };
      return [
        tf.layers.conv2d({ filters: 3, ...options }),
        tf.layers.depthwiseConv2d(options),
        tf.layers.conv2dTranspose({ filters: 2, ...options }),
        // tfjs cannot add a bias to this one.
        tf.layers.separableConv2d({ filters: 4, useBias: false, ...options }),
      ];
    }),
  ];
}
