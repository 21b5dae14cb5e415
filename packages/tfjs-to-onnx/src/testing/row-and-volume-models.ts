import { stack, type TestModel } from "./test-models.ts";
import type { Tf, TfLayer } from "./tf.ts";

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
