import { describe, expect, it } from "vitest";
import type { Tensor4D } from "@tensorflow/tfjs-node";
import { agrees, maxPool, plainMaxPool, type MaxPool, type PoolResult } from "./pool.ts";
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
    "has stock tfjs's values and gradients over %j",
    (shape) => {
      let result: PoolResult | undefined;
      expectRightGradients({
        inputs: [normals(shape)],
        forward: (x) => (result = pool.forward(x)).y,
        backward: ([x], __, dy) => [pool.backward(x!, result!, dy)],
        stock: (x) => tf.maxPool(x as Tensor4D, 2, 2, "valid"),
        // Small, so that hardly any window changes its maximum on the way.
        step: 1e-3,
      });
    },
  );
});

describe("choosing a max pooling", () => {
  it("takes oneDNN's where TensorFlow has it", () => {
    expect(["oneDNN", "TensorFlow"]).toContain(maxPool().name);
    expect(agrees(maxPool())).toBe(true);
  });

  it("refuses one that is missing or computes something else", () => {
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
