import { type TestModel } from "./test-models.ts";
import type { Tf, TfSymbol } from "./tf.ts";

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
