import { describe, expect, it } from "vitest";
import type { Tensor4D } from "@tensorflow/tfjs-node";
import { agrees, maxPool, plainMaxPool, type MaxPool, type PoolResult } from "./max-pool.ts";
import { multiply } from "../tensor/native-ops.ts";
import { constantFloat } from "../tensor/native.ts";
import { expectRightGradients, normals } from "../testing/gradients.ts";
import { tf } from "../tensor/tf.ts";

const shapes = [
  [2, 6, 6, 3],
  [1, 7, 5, 16],
  [3, 2, 3, 5],
];

describe.each([
  ["chosen", 2, maxPool(2)],
  ["plain", 2, plainMaxPool(2)],
  ["chosen", 1, maxPool(1)],
  ["plain", 1, plainMaxPool(1)],
])("%s max pooling of stride %i", (_, __, pool) => {
  it.each(shapes.map((shape) => [shape]))(
    "has the values and gradients of tfjs over %j",
    (shape) => {
      let result: PoolResult | undefined;
      expectRightGradients({
        inputs: [normals(shape)],
        forward: (x) => (result = pool.forward(x)).y,
        backward: ([x], __, dy) => [pool.backward(x!, result!, dy)],
        stock: (x) => tf.maxPool(x as Tensor4D, 2, pool.stride, "valid"),
        // Small, so that the maximum of almost no window changes place.
        step: 1e-3,
      });
    },
  );
});

describe("maxPool", () => {
  it("uses oneDNN where TensorFlow has it", () => {
    for (const pool of [maxPool(1), maxPool(2)]) {
      expect(["oneDNN", "TensorFlow"]).toContain(pool.name);
      expect(agrees(pool)).toBe(true);
    }
  });

  it("refuses an operation that is missing or gives other results", () => {
    const plain = plainMaxPool(2);
    const missing: MaxPool = {
      ...plain,
      forward: () => {
        throw new Error("no such operation");
      },
    };
    const wrongValues: MaxPool = {
      ...plain,
      forward: (x) => plain.forward(multiply(x, constantFloat(-1))),
    };
    const wrongGradient: MaxPool = {
      ...plain,
      backward: (x, result, dy) => plain.backward(x, result, multiply(dy, constantFloat(2))),
    };
    for (const pool of [missing, wrongValues, wrongGradient]) expect(agrees(pool)).toBe(false);
  });
});
