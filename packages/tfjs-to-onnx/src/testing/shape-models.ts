import { stack, type TestModel } from "./test-models.ts";
import type { Tf, TfLayer } from "./tf.ts";

const PADDINGS = ["same", "valid"] as const;
/** An even and an odd side, so that exchanged height and width are noticed. */
const ODD_EVEN = [7, 8, 2] as const;
const EVEN_ODD = [6, 9, 3] as const;

/** Multiplies and shifts pixels; the types of tfjs-node do not list this layer. */
export function rescaling(tf: Tf, scale: number, offset = 0): TfLayer {
  const layers = tf.layers as unknown as {
    rescaling(args: { scale: number; offset: number }): TfLayer;
  };
  return layers.rescaling({ scale, offset });
}

/** Models with reshapes, padding and rescaling, which are folded into weights. */
export function shapes(): TestModel[] {
  const conv = { filters: 3, kernelSize: 3 };
  return [
    ...PADDINGS.flatMap((padding): TestModel[] => [
      {
        name: `rescaling before a ${padding} conv`,
        build: stack(ODD_EVEN, (tf) => [
          rescaling(tf, 0.25),
          tf.layers.conv2d({ ...conv, padding, useBias: false }),
        ]),
      },
      {
        name: `rescaling and offset before a ${padding} conv`,
        build: stack([9, 8, 1], (tf) => [
          rescaling(tf, 0.25, -0.7),
          tf.layers.conv2d({ ...conv, padding }),
        ]),
      },
      {
        name: `rescaling and offset before a ${padding} depthwise conv`,
        build: stack(EVEN_ODD, (tf) => [
          rescaling(tf, 2, 0.3),
          tf.layers.depthwiseConv2d({ kernelSize: 3, padding, useBias: false }),
        ]),
      },
    ]),
    { name: "rescaling alone", build: stack(ODD_EVEN, (tf) => [rescaling(tf, 3, 1)]) },
    {
      name: "rescaling twice, then dense",
      build: stack(ODD_EVEN, (tf) => [
        rescaling(tf, 3, 1),
        rescaling(tf, 0.5, -1),
        tf.layers.flatten(),
        tf.layers.dense({ units: 4 }),
      ]),
    },
    {
      name: "rescaling by nothing",
      build: stack([4, 4, 1], (tf) => [rescaling(tf, 0, 1), tf.layers.conv2d(conv)]),
    },
    {
      name: "zero padding alone",
      build: stack(ODD_EVEN, (tf) => [
        tf.layers.zeroPadding2d({
          padding: [
            [1, 2],
            [0, 3],
          ],
        }),
      ]),
    },
    ...PADDINGS.map((padding) => ({
      name: `zero padding before a ${padding} conv`,
      build: stack(EVEN_ODD, (tf) => [
        tf.layers.zeroPadding2d({
          padding: [
            [0, 1],
            [2, 1],
          ],
        }),
        tf.layers.conv2d({ ...conv, padding, strides: 2 }),
      ]),
    })),
    {
      name: "zero padding before max pooling",
      build: stack(EVEN_ODD, (tf) => [
        tf.layers.zeroPadding2d({ padding: 1 }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
      ]),
    },
    {
      name: "rescaling and offset, zero padding, conv",
      build: stack(EVEN_ODD, (tf) => [
        rescaling(tf, 0.25, -0.7),
        tf.layers.zeroPadding2d({
          padding: [
            [0, 1],
            [2, 1],
          ],
        }),
        tf.layers.conv2d(conv),
      ]),
    },
    { name: "flatten the input", build: stack(ODD_EVEN, (tf) => [tf.layers.flatten()]) },
    {
      name: "flatten after conv",
      build: stack(ODD_EVEN, (tf) => [tf.layers.conv2d(conv), tf.layers.flatten()]),
    },
    {
      name: "flatten, dropout and dense after conv",
      build: stack(ODD_EVEN, (tf) => [
        tf.layers.conv2d({ ...conv, activation: "relu" }),
        tf.layers.flatten(),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: 4, activation: "softmax" }),
      ]),
    },
    {
      name: "flatten one channel and one pixel",
      build: stack([3, 3, 1], (tf) => [
        tf.layers.conv2d({ filters: 1, kernelSize: 1 }),
        tf.layers.conv2d({ filters: 4, kernelSize: 3 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2, useBias: false }),
      ]),
    },
    {
      name: "reshape a flattened image",
      build: stack(ODD_EVEN, (tf) => [
        tf.layers.conv2d({ filters: 4, kernelSize: 2 }),
        tf.layers.flatten(),
        tf.layers.reshape({ targetShape: [4, -1, 7] }),
        tf.layers.conv2d(conv),
      ]),
    },
    {
      name: "reshape vectors to images",
      build: stack([24], (tf) => [
        tf.layers.reshape({ targetShape: [2, 3, 4] }),
        tf.layers.conv2d({ filters: 3, kernelSize: 2 }),
        tf.layers.reshape({ targetShape: [6] }),
      ]),
    },
    {
      name: "dense on rows",
      build: stack([4, 5], (tf) => [tf.layers.dense({ units: 3, activation: "tanh" })]),
    },
    {
      name: "dense on images",
      build: stack(ODD_EVEN, (tf) => [
        tf.layers.conv2d(conv),
        tf.layers.dense({ units: 5, useBias: false }),
      ]),
    },
    {
      name: "flattened softmax, then dense",
      build: stack(ODD_EVEN, (tf) => [
        tf.layers.conv2d(conv),
        tf.layers.flatten(),
        tf.layers.activation({ activation: "softmax" }),
        tf.layers.dense({ units: 3 }),
      ]),
    },
  ];
}

/** The kind of network that mien trains, small: pixels in, probabilities out. */
export const MIEN_NET: TestModel = {
  name: "four convolutions and two dense layers",
  build: stack([24, 24, 1], (tf) => [
    rescaling(tf, 1 / 255),
    ...[4, 8, 8, 12].flatMap((filters) => [
      tf.layers.conv2d({ filters, kernelSize: 3, padding: "same", useBias: false }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: "relu" }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.dropout({ rate: 0.3 }),
    ]),
    tf.layers.flatten(),
    tf.layers.dense({ units: 16, activation: "relu" }),
    tf.layers.dropout({ rate: 0.5 }),
    tf.layers.dense({ units: 7, activation: "softmax" }),
  ]),
};
