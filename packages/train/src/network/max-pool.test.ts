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
  ["chosen", maxPool()],
  ["plain", plainMaxPool],
])("%s max pooling", (_, pool) => {
  it.each(shapes.map((shape) => [shape]))(
    "has the values and gradients of tfjs over %j",
    (shape) => {
      let result: PoolResult | undefined;
      expectRightGradients({
        inputs: [normals(shape)],
        forward: (x) => (result = pool.forward(x)).y,
        backward: ([x], __, dy) => [pool.backward(x!, result!, dy)],
        stock: (x) => tf.maxPool(x as Tensor4D, 2, 2, "valid"),
        // Small, so that the maximum of almost no window changes place.
        step: 1e-3,
      });
    },
  );
});

describe("maxPool", () => {
  it("uses oneDNN where TensorFlow has it", () => {
    expect(["oneDNN", "TensorFlow"]).toContain(maxPool().name);
    expect(agrees(maxPool())).toBe(true);
  });

  it("refuses an operation that is missing or gives other results", () => {
    const missing: MaxPool = {
      ...plainMaxPool,
      forward: () => {
        throw new Error("no such operation");
      },
    };
    const wrongValues: MaxPool = {
      ...plainMaxPool,
      forward: (x) => plainMaxPool.forward(multiply(x, constantFloat(-1))),
    };
    const wrongGradient: MaxPool = {
      ...plainMaxPool,
      backward: (x, result, dy) => plainMaxPool.backward(x, result, multiply(dy, constantFloat(2))),
    };
    for (const pool of [missing, wrongValues, wrongGradient]) expect(agrees(pool)).toBe(false);
  });
});
