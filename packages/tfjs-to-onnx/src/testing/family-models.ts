import { stack, type TestModel } from "./test-models.ts";
import type { Tf, TfLayer, TfSymbol } from "./tf.ts";

const PADDINGS = ["same", "valid"] as const;

/** Layers on rows: signals of some length with channels. */
export function onRows(): TestModel[] {
  const testModels: TestModel[] = [];
  for (const padding of PADDINGS) {
    for (const kernelSize of [1, 2, 3, 4]) {
      for (const strides of [1, 2]) {
        testModels.push({
          name: `conv1d ${kernelSize} ${padding} stride ${strides}`,
          build: stack([9, 3], (tf) => [
            tf.layers.conv1d({ filters: 4, kernelSize, padding, strides, activation: "relu" }),
          ]),
        });
      }
    }
    testModels.push(
      {
        name: `conv1d ${padding} dilated, batch norm, flatten and dense`,
        build: stack([11, 2], (tf) => [
          tf.layers.conv1d({ filters: 3, kernelSize: 3, padding, dilationRate: 2 }),
          tf.layers.batchNormalization(),
          tf.layers.flatten(),
          tf.layers.dense({ units: 3 }),
        ]),
      },
      ...[2, 3].flatMap((poolSize): TestModel[] => [
        {
          name: `max pooling 1d ${poolSize} ${padding}`,
          build: stack([8, 3], (tf) => [tf.layers.maxPooling1d({ poolSize, strides: 2, padding })]),
        },
        {
          name: `average pooling 1d ${poolSize} ${padding}`,
          build: stack([7, 2], (tf) => [
            tf.layers.conv1d({ filters: 3, kernelSize: 2 }),
            tf.layers.averagePooling1d({ poolSize, padding }),
          ]),
        },
      ]),
    );
  }
  const ends: [string, (tf: Tf) => TfLayer][] = [
    ["global average", (tf) => tf.layers.globalAveragePooling1d()],
    ["global max", (tf) => tf.layers.globalMaxPooling1d({})],
    ["PReLU", (tf) => tf.layers.prelu()],
    ["layer norm", (tf) => tf.layers.layerNormalization()],
    ["softmax", (tf) => tf.layers.softmax({ axis: -1 })],
    ["dense", (tf) => tf.layers.dense({ units: 2 })],
    ["batch norm along axis 1", (tf) => tf.layers.batchNormalization({ axis: 1 })],
    ["spatial dropout", (tf) => tf.layers.spatialDropout1d({ rate: 0.5 })],
  ];
  for (const [name, end] of ends) {
    testModels.push(
      { name: `${name} on rows`, build: stack([6, 4], (tf) => [end(tf)]) },
      {
        name: `${name} after conv1d`,
        build: stack([6, 4], (tf) => [tf.layers.conv1d({ filters: 3, kernelSize: 2 }), end(tf)]),
      },
    );
  }
  return testModels;
}

/** Layers on volumes, and convolutions that enlarge. */
export function volumesAndTransposed(): TestModel[] {
  const testModels: TestModel[] = [];
  for (const padding of PADDINGS) {
    for (const strides of [1, 2]) {
      testModels.push(
        {
          name: `conv3d ${padding} stride ${strides}`,
          build: stack([5, 6, 4, 2], (tf) => [
            tf.layers.conv3d({ filters: 3, kernelSize: [2, 3, 2], padding, strides }),
            tf.layers.leakyReLU(),
          ]),
        },
        {
          name: `max pooling 3d ${padding} stride ${strides}`,
          build: stack([5, 6, 4, 2], (tf) => [
            tf.layers.maxPooling3d({ poolSize: 2, padding, strides }),
          ]),
        },
        {
          name: `average pooling 3d ${padding} stride ${strides}, flatten and dense`,
          build: stack([5, 6, 4, 2], (tf) => [
            tf.layers.averagePooling3d({ poolSize: [2, 3, 2], padding, strides }),
            tf.layers.flatten(),
            tf.layers.dense({ units: 3 }),
          ]),
        },
      );
      for (const kernelSize of [1, 2, 3, [4, 3]] as (number | [number, number])[]) {
        testModels.push({
          name: `transposed conv ${[kernelSize].flat().join("x")} ${padding} stride ${strides}`,
          build: stack([4, 5, 3], (tf) => [
            tf.layers.conv2dTranspose({ filters: 2, kernelSize, padding, strides }),
            tf.layers.batchNormalization(),
            tf.layers.reLU(),
          ]),
        });
      }
      testModels.push({
        name: `transposed conv3d ${padding} stride ${strides}`,
        build: stack([3, 4, 2, 2], (tf) => [
          tf.layers.conv3dTranspose({ filters: 3, kernelSize: 3, padding, strides }),
        ]),
      });
    }
    testModels.push({
      name: `transposed conv ${padding} with a stride above its kernel`,
      build: stack([4, 3, 2], (tf) => [
        tf.layers.conv2dTranspose({
          filters: 2,
          kernelSize: 2,
          padding,
          strides: 3,
          useBias: false,
        }),
      ]),
    });
  }
  return testModels;
}

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

/** Dot products and merges of unequal ranks. */
export function products(): TestModel[] {
  const pair = (
    name: string,
    shapes: readonly [number[], number[]],
    body: (tf: Tf, inputs: TfSymbol[]) => unknown,
  ): TestModel => ({
    name,
    build: (tf) => {
      const inputs = shapes.map((shape) => tf.input({ shape }));
      return tf.model({ inputs, outputs: body(tf, inputs) as TfSymbol });
    },
  });
  const dots: [string, [number[], number[]], number | [number, number]][] = [
    ["vectors", [[5], [5]], 1],
    ["vectors from the end", [[5], [5]], -1],
    [
      "rows along the last axis",
      [
        [3, 5],
        [4, 5],
      ],
      2,
    ],
    [
      "rows along the first axis",
      [
        [5, 3],
        [5, 4],
      ],
      1,
    ],
    [
      "rows like matrices",
      [
        [3, 5],
        [5, 4],
      ],
      [2, 1],
    ],
    ["rows and a vector", [[3, 5], [5]], [2, 1]],
  ];
  return [
    ...dots.flatMap(([name, shapes, axes]) =>
      [false, true].map((normalize) =>
        pair(`dot of ${name}${normalize ? ", normalised" : ""}`, shapes, (tf, inputs) =>
          tf.layers.dot({ axes, normalize }).apply(inputs),
        ),
      ),
    ),
    pair("multiply an image by a vector", [[4, 5, 3], [3]], (tf, inputs) =>
      tf.layers.multiply().apply(inputs),
    ),
    pair("add rows and a convolved vector", [[4, 3], [3]], (tf, [rows, vector]) =>
      tf.layers
        .add()
        .apply([
          tf.layers.conv1d({ filters: 3, kernelSize: 2 }).apply(rows as TfSymbol) as TfSymbol,
          tf.layers.dense({ units: 3 }).apply(vector as TfSymbol) as TfSymbol,
        ]),
    ),
    pair("maximum of a flattened image and one number", [[4, 4, 2], [1]], (tf, [image, number]) => {
      const conv = tf.layers.conv2d({ filters: 2, kernelSize: 2 }).apply(image as TfSymbol);
      const flat = tf.layers.flatten().apply(conv) as TfSymbol;
      return tf.layers.maximum().apply([flat, number as TfSymbol]);
    }),
  ];
}
