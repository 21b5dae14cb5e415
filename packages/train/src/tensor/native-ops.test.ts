import { describe, expect, it } from "vitest";
import { conv2d, conv2dInputGradient, conv2dKernelGradient } from "./convolution.ts";
import * as ops from "./native-ops.ts";
import { cpuHasBfloat16 } from "./precision.ts";
import { download, DTYPE, scope, tensorCount, upload, type NativeTensor } from "./native.ts";
import { expectClose, expectRightGradients, normals } from "../testing/gradients.ts";
import type { BatchNormState } from "./own-ops.ts";
import { tf } from "./tf.ts";
import type { Tensor4D } from "@tensorflow/tfjs-node";

const toTensor = ({ values, shape }: ReturnType<typeof normals>) => upload(values.slice(), shape);

describe("native operations have the values and gradients of tfjs, and match finite differences", () => {
  it.each([
    [1, [2, 7, 6, 2]],
    [2, [2, 7, 6, 2]],
    [3, [2, 8, 8, 3]],
    [5, [1, 6, 5, 2]],
  ])("convolution with a kernel of %i pixels over %j", (size, shape) => {
    expectRightGradients({
      inputs: [normals(shape), normals([size, size, shape[3]!, 4], 0.5)],
      forward: (x, kernel) => conv2d(x, kernel),
      backward: ([x, kernel], _, dy) => [
        conv2dInputGradient(x!, kernel!, dy),
        conv2dKernelGradient(x!, kernel!, dy),
      ],
      stock: (x, kernel) => tf.conv2d(x as Tensor4D, kernel as Tensor4D, 1, "same"),
    });
  });

  // Kernel gradients of small maps in bfloat16 are computed in another way.
  it.runIf(cpuHasBfloat16()).each([
    [1, [32, 3, 3, 16]],
    [2, [32, 6, 5, 8]],
    [3, [64, 6, 6, 32]],
    [5, [32, 8, 8, 4]],
    [3, [32, 12, 12, 8]],
  ])("kernel gradient of %i pixels over %j in bfloat16", (size, shape) => {
    const [x, dy] = scope(() =>
      [normals(shape), normals([...shape.slice(0, 3), 48], 1, "dy")].map((point) => ({
        shape: point.shape,
        values: download(ops.cast(ops.cast(toTensor(point), DTYPE.bfloat16), DTYPE.float32)),
      })),
    );
    const gradient = (dtype: number) =>
      scope(() => {
        const [a, b] = [x!, dy!].map((point) => ops.cast(toTensor(point), dtype));
        const kernel = toTensor(normals([size, size, shape[3]!, 48]));
        const found = conv2dKernelGradient(a!, kernel, b!);
        expect(found.shape).toEqual(kernel.shape);
        return download(ops.cast(found, DTYPE.float32));
      });
    // The result is rounded to 8 bits.
    expectClose(gradient(DTYPE.bfloat16), gradient(DTYPE.float32), 2 ** -8);
  });

  it.each([[[6, 5]], [[2, 4, 4, 3]]])("bias over %j", (shape) => {
    expectRightGradients({
      inputs: [normals(shape), normals([shape.at(-1)!])],
      forward: (x, bias) => ops.biasAdd(x, bias),
      backward: (_, __, dy) => [dy, ops.biasGradient(dy)],
      stock: (x, bias) => tf.add(x, bias),
    });
  });

  it("matrix product", () => {
    expectRightGradients({
      inputs: [normals([5, 7]), normals([7, 3])],
      forward: (a, b) => ops.matMul(a, b),
      backward: ([a, b], _, dy) => [
        ops.matMul(dy, b!, { b: true }),
        ops.matMul(a!, dy, { a: true }),
      ],
      stock: (a, b) => tf.matMul(a, b),
    });
  });

  it("ReLU", () => {
    const away = normals([3, 4, 4, 2]);
    // Away from 0, where the derivative does not exist.
    const values = away.values.map((value) => value + Math.sign(value) * 0.1);
    expectRightGradients({
      inputs: [{ ...away, values }],
      forward: (x) => ops.relu(x),
      backward: (_, y, dy) => [ops.reluGradient(y, dy)],
      stock: (x) => tf.relu(x),
    });
  });

  it.each([[[4, 5, 5, 3]], [[24, 1, 1, 3]]])("batch normalisation over %j", (shape) => {
    let reserved: readonly NativeTensor[] = [];
    const channels = shape[3]!;
    expectRightGradients({
      inputs: [normals(shape, 2), normals([channels]), normals([channels])],
      forward: (x, scale, offset) => {
        const result = ops.batchNormTraining(x, state(scale, offset, channels), 0.9);
        reserved = result.reserved;
        return result.y;
      },
      backward: ([x, scale], _, dy) => {
        const gradient = ops.batchNormGradients(dy, { x: x!, scale: scale!, reserved });
        return [gradient.x, gradient.scale, gradient.offset];
      },
      stock: (x, scale, offset) => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        return tf.batchNorm(x, mean, variance, offset, scale, ops.BATCH_NORM_EPSILON);
      },
    });
  });

  it("softmax cross-entropy", () => {
    const targets = tf
      .softmax(tf.tensor2d(normals([6, 5], 1, "targets").values, [6, 5]))
      .dataSync<"float32">();
    expectRightGradients({
      inputs: [normals([6, 5])],
      forward: (logits) => ops.softmaxCrossEntropy(logits, upload(targets.slice(), [6, 5])).losses,
      backward: ([logits], _, dy) => {
        const { gradient } = ops.softmaxCrossEntropy(logits!, upload(targets.slice(), [6, 5]));
        return [ops.multiply(gradient, ops.reshape(dy, [6, 1]))];
      },
      stock: (logits) =>
        tf
          .logSoftmax(logits)
          .mul(tf.tensor2d(targets, [6, 5]))
          .sum(1)
          .neg(),
    });
  });
});

function state(scale: NativeTensor, offset: NativeTensor, channels: number): BatchNormState {
  return {
    scale,
    offset,
    movingMean: upload(new Float32Array(channels)),
    movingVariance: upload(new Float32Array(channels).fill(1)),
  };
}

describe("batch normalisation", () => {
  it("updates its moving averages by the momentum, the variance with Bessel's correction", () => {
    const x = normals([4, 3, 3, 1], 3);
    const mean = x.values.reduce((sum, value) => sum + value, 0) / 36;
    const variance = x.values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 35;
    const [movedMean, movedVariance] = scope(() => {
      const one = upload(Float32Array.of(1));
      const start = {
        scale: one,
        offset: one,
        movingMean: upload(Float32Array.of(10)),
        movingVariance: upload(Float32Array.of(20)),
      };
      const result = ops.batchNormTraining(upload(x.values, x.shape), start, 0.75);
      return [download(result.movingMean), download(result.movingVariance)];
    });
    expect(movedMean[0]).toBeCloseTo(0.75 * 10 + 0.25 * mean, 4);
    expect(movedVariance[0]).toBeCloseTo(0.75 * 20 + 0.25 * variance, 4);
  });

  it("infers with the moving averages, not with the statistics of the batch", () => {
    const found = scope(() => {
      const x = upload(Float32Array.of(1, 5), [2, 1, 1, 1]);
      return download(
        ops.batchNorm(x, {
          scale: upload(Float32Array.of(3)),
          offset: upload(Float32Array.of(-1)),
          movingMean: upload(Float32Array.of(2)),
          movingVariance: upload(Float32Array.of(4)),
        }),
      );
    });
    const expected = [1, 5].map((x) => (3 * (x - 2)) / Math.sqrt(4 + ops.BATCH_NORM_EPSILON) - 1);
    expectClose(found, Float32Array.from(expected), 1e-6);
  });
});

describe("tensors", () => {
  it("are gathered, cast, counted and one-hot encoded", () => {
    const found = scope(() => {
      const bytes = upload(Uint8Array.of(1, 2, 3, 250, 251, 252), [3, 2]);
      const rows = ops.cast(ops.gather(bytes, upload(Int32Array.of(2, 0))), 1);
      // The last row is a tie, so its prediction is the first class.
      const logits = upload(Float32Array.of(0, 1, 2, 5, 4, 3, 1, 1, 1), [3, 3]);
      const labels = upload(Int32Array.of(2, 1, 1));
      return {
        rows: [...download(rows)],
        correct: [...download(ops.countCorrect(logits, labels))],
        oneHot: [...download(ops.oneHot(labels, 3))],
      };
    });
    expect(found).toEqual({
      rows: [251, 252, 1, 2],
      correct: [1],
      oneHot: [0, 0, 1, 0, 1, 0, 0, 1, 0],
    });
  });

  it("are freed at the end of their scope, also when it fails", () => {
    const work = (fail: boolean) =>
      scope(() => {
        const x = upload(Float32Array.of(1, 2));
        ops.add(x, x);
        if (fail) throw new Error("stop");
      });
    work(false);
    const before = tensorCount();
    work(false);
    expect(() => work(true)).toThrow("stop");
    expect(tensorCount()).toBe(before);
  });
});
