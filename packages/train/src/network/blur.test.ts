import { describe, expect, it } from "vitest";
import type { Tensor4D } from "@tensorflow/tfjs-node";
import { blur, blurGradient } from "./blur.ts";
import { blurKernel } from "./blur-kernel.ts";
import { download, DTYPE, scope, upload } from "../tensor/native.ts";
import * as ops from "../tensor/native-ops.ts";
import { cpuHasBfloat16 } from "../tensor/precision.ts";
import { expectClose, expectRightGradients, normals } from "../testing/gradients.ts";
import { tf } from "../tensor/tf.ts";

describe("the blur", () => {
  it.each([[[2, 7, 5, 3]], [[1, 6, 9, 16]], [[3, 1, 2, 5]]])(
    "has the values and gradients of a depthwise convolution of tfjs over %j",
    (shape) => {
      const channels = shape[3]!;
      expectRightGradients({
        inputs: [normals(shape)],
        forward: (x) => blur(x),
        backward: ([x], _, dy) => [blurGradient(x!.shape, dy)],
        stock: (x) => {
          const kernel = tf.tensor4d(blurKernel(channels), [3, 3, channels, 1]);
          return tf.depthwiseConv2d(x as Tensor4D, kernel, 2, "same");
        },
      });
    },
  );

  it.runIf(cpuHasBfloat16()).each([[[2, 7, 5, 3]], [[1, 6, 9, 16]], [[3, 1, 2, 5]]])(
    "has the same values and gradients in bfloat16 over %j, up to rounding",
    (shape) => {
      const half = shape.map((size, axis) =>
        axis === 1 || axis === 2 ? Math.ceil(size / 2) : size,
      );
      const results = [DTYPE.float32, DTYPE.bfloat16].map((dtype) =>
        scope(() => {
          const [x, dy] = [shape, half].map((dims) =>
            ops.cast(upload(normals(dims).values, dims), dtype),
          );
          const outputs = [blur(x!), blurGradient(shape, dy!)];
          expect(outputs.map((output) => output.shape)).toEqual([half, shape]);
          return outputs.map((output) => download(ops.cast(output, DTYPE.float32)));
        }),
      );
      results[1]!.forEach((found, i) => expectClose(found, results[0]![i]!, 0.01));
    },
  );

  it("keeps a constant map, except at the padding of zeros", () => {
    const found = scope(() => [
      ...download(blur(upload(new Float32Array(25).fill(1), [1, 5, 5, 1]))),
    ]);
    const edge = 0.75;
    expect(found).toEqual([edge ** 2, edge, edge ** 2, edge, 1, edge, edge ** 2, edge, edge ** 2]);
  });
});
