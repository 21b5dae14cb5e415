import { describe, expect, it } from "vitest";
import type { Gradients } from "./layer.ts";
import { squeezeExciteLayer } from "./squeeze-excite.ts";
import { expectRightGradients, normals } from "../testing/gradients.ts";
import { tf } from "../tensor/tf.ts";

const options = { seed: 1, l2: 0, batchNormMomentum: 0.9 };

describe("squeeze-and-excitation", () => {
  it.each([
    [[4, 5, 6, 8], 2],
    [[3, 1, 1, 5], 1],
  ])("over %j with %i hidden units has the values and gradients of tfjs", (shape, units) => {
    const channels = shape[3]!;
    const stage = { kind: "squeeze-excite", name: "excite", channels, units } as const;
    const layer = squeezeExciteLayer(stage, options);
    expectRightGradients({
      // The biases keep the hidden units away from 0, where ReLU has no derivative.
      inputs: [
        normals(shape),
        normals([channels, units], 0.3),
        { shape: [units], values: Float32Array.from({ length: units }, (_, i) => 2 - 4 * i) },
        normals([units, channels]),
        normals([channels]),
      ],
      forward: (x, ...variables) => {
        layer.trainable.forEach((variable, i) => variable.set(variables[i]!));
        return layer.forward(x, { seed: 1, step: 0 });
      },
      backward: (_, __, dy) => {
        const gradients: Gradients = new Map();
        const dx = layer.backward(dy, gradients, true);
        return [dx, ...layer.trainable.map((variable) => gradients.get(variable))];
      },
      stock: (x, kernel, bias, expand, offset) => {
        const means = tf.mean(x, [1, 2]);
        const hidden = tf.relu(tf.add(tf.matMul(means, kernel), bias));
        const gate = tf.sigmoid(tf.add(tf.matMul(hidden, expand), offset));
        return tf.mul(x, gate.reshape([shape[0]!, 1, 1, channels]));
      },
    });
    for (const variable of layer.trainable) variable.dispose();
  });

  it("has the weights of two dense layers", () => {
    const stage = { kind: "squeeze-excite", name: "excite2", channels: 6, units: 2 } as const;
    const { trainable } = squeezeExciteLayer(stage, options);
    expect(trainable.map(({ name, shape }) => [name, shape])).toEqual([
      ["excite2_reduce.kernel", [6, 2]],
      ["excite2_reduce.bias", [2]],
      ["excite2_expand.kernel", [2, 6]],
      ["excite2_expand.bias", [6]],
    ]);
    for (const variable of trainable) variable.dispose();
  });
});
