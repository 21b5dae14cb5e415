import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { download, DTYPE, runOne, scope, upload } from "./native.ts";
import { conv2d, conv2dInputGradient, conv2dKernelGradient } from "./convolution.ts";
import * as ops from "./native-ops.ts";
import { tf } from "./tf.ts";
import { expectClose, expectRightGradients, normals } from "../testing/gradients.ts";
import { hasOwnConv2d, normRelu, normReluGradients } from "./own-ops.ts";
import type { Tensor4D } from "@tensorflow/tfjs-node";

const CPU_INFO = "/proc/cpuinfo";
const isSupported =
  process.platform === "linux" &&
  process.arch === "x64" &&
  existsSync(CPU_INFO) &&
  ["avx2", "fma"].every((flag) =>
    new RegExp(`^flags.*\\b${flag}\\b`, "m").test(readFileSync(CPU_INFO, "utf8")),
  );

describe.runIf(isSupported)("batch normalisation with pooling and ReLU", () => {
  const channels = 16;

  it.each([
    [[3, 4, 6, 16], true],
    [[3, 5, 7, 16], true],
    [[3, 5, 4, 16], false],
    [[6, 1, 1, 16], false],
    [[9, 2, 2, 16], true],
  ])("has the gradients of tfjs and of finite differences over %j, pooled: %s", (shape, pooled) => {
    let saved: Parameters<typeof normReluGradients>[1] | undefined;
    expectRightGradients({
      inputs: [normals(shape, 2), normals([channels]), normals([channels], 1, "offset")],
      // A short step, because the pooling and the ReLU bend the function.
      step: 1e-4,
      forward: (x, scale, offset) => {
        const result = normRelu(
          x,
          { scale: scale, offset: offset, ...moving() },
          { momentum: upload(Float32Array.of(0.9), []), pooled },
        );
        saved = result.saved;
        return result.y;
      },
      backward: (_, __, dy) => {
        const gradient = normReluGradients(dy, saved!);
        return [gradient.x, gradient.scale, gradient.offset];
      },
      stock: (x, scale, offset) => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        const normalised = tf.batchNorm(x, mean, variance, offset, scale, ops.BATCH_NORM_EPSILON);
        return tf.relu(pooled ? tf.maxPool(normalised as Tensor4D, 2, 2, "valid") : normalised);
      },
    });
  });

  it("has the moving averages of TensorFlow's operation", () => {
    const run = (own: boolean) =>
      scope(() => {
        const x = normals([5, 6, 6, channels], 3);
        const maps = upload(
          x.values.map((value, i) => value + (i % channels)),
          x.shape,
        );
        const state = { scale: normals([channels]), offset: normals([channels], 1, "offset") };
        const tensors = {
          scale: upload(state.scale.values, [channels]),
          offset: upload(state.offset.values, [channels]),
          ...moving(),
        };
        const momentum = 0.9;
        const result = own
          ? normRelu(maps, tensors, {
              momentum: upload(Float32Array.of(momentum), []),
              pooled: false,
            })
          : ops.batchNormTraining(maps, tensors, momentum);
        return [result.movingMean, result.movingVariance].map(download);
      });
    const [mean, variance] = run(true);
    const [wantedMean, wantedVariance] = run(false);
    expectClose(mean!, wantedMean!, 1e-6);
    expectClose(variance!, wantedVariance!, 1e-6);
  });

  it("keeps a value that is not a number, so that a failed training is noticed", () => {
    scope(() => {
      const x = upload(new Float32Array(2 * 4 * 4 * 8).fill(NaN), [2, 4, 4, 8]);
      const ones = () => upload(new Float32Array(8).fill(1), [8]);
      const state = { scale: ones(), offset: ones(), movingMean: ones(), movingVariance: ones() };
      for (const pooled of [false, true]) {
        const { y } = normRelu(x, state, { momentum: upload(Float32Array.of(0.9), []), pooled });
        expect([...download(y)].every(Number.isNaN)).toBe(true);
      }
    });
  });

  const moving = () => ({
    movingMean: upload(normals([channels], 1, "mean").values, [channels]),
    movingVariance: upload(new Float32Array(channels).fill(0.5), [channels]),
  });
});

describe.runIf(isSupported)("Winograd's convolutions", () => {
  it.each([
    ["float32", [3, 3, 16, 24], true],
    ["float32", [3, 3, 384, 192], true],
    ["bfloat16", [3, 3, 16, 24], false],
    ["float32", [5, 5, 16, 24], false],
    ["float32", [3, 1, 16, 24], false],
    ["float32", [3, 3, 1, 48], false],
    ["float32", [3, 3, 16, 12], false],
  ] as const)("compute %s with a kernel %j: %s", (dtype, kernel, expected) => {
    expect(hasOwnConv2d(DTYPE[dtype], kernel)).toBe(expected);
  });

  // Maps of one tile and of many, with and without a rest, of both sizes of tiles.
  it.each([
    [[1, 1, 1, 16], 16],
    [[2, 2, 3, 24], 16],
    [[3, 6, 6, 16], 24],
    [[2, 7, 5, 16], 40],
    [[1, 13, 8, 24], 16],
  ])("have the gradients of finite differences over %j to %i channels", (shape, out) => {
    expectRightGradients({
      inputs: [normals(shape), normals([3, 3, shape[3]!, out], 0.2)],
      forward: (x, kernel) => conv2d(x, kernel),
      backward: ([x, kernel], _, dy) => [
        conv2dInputGradient(x!, kernel!, dy),
        conv2dKernelGradient(x!, kernel!, dy),
      ],
      stock: (x, kernel) => tf.conv2d(x as Tensor4D, kernel as Tensor4D, 1, "same"),
    });
  });

  /** A convolution and its two gradients, by mien's operations. */
  const ownResults = ({ shape, out }: Maps) =>
    scope(() => {
      const { x, kernel, dy } = pointsOf({ shape, out });
      const [a, b, c] = [x, kernel, dy].map((point) => upload(point.values.slice(), point.shape));
      return [
        conv2d(a!, b!),
        conv2dInputGradient(a!, b!, c!),
        conv2dKernelGradient(a!, b!, c!),
      ].map(download);
    });

  /** The same by tfjs. */
  const stockResults = ({ shape, out }: Maps) =>
    tf.tidy(() => {
      const { x, kernel, dy } = pointsOf({ shape, out });
      const [a, b, c] = [x, kernel, dy].map((point) =>
        tf.tensor4d(point.values.slice(), point.shape as [number, number, number, number]),
      ) as [Tensor4D, Tensor4D, Tensor4D];
      const convolve = (maps: Tensor4D, weights: Tensor4D) => tf.conv2d(maps, weights, 1, "same");
      const loss = (maps: Tensor4D, weights: Tensor4D) =>
        tf.sum(tf.mul(convolve(maps, weights), c));
      const gradients = tf.grads(loss as never)([a, b]);
      return [convolve(a, b), ...gradients].map((tensor) => tensor.dataSync<"float32">());
    });

  const expectEqualUpToRounding = (maps: Maps) => {
    const expected = stockResults(maps);
    ownResults(maps).forEach((values, i) => {
      const wanted = expected[i]!;
      expect(values.length).toBe(wanted.length);
      const scale = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const worst = values.reduce(
        (all, value, k) => Math.max(all, Math.abs(value - wanted[k]!)),
        0,
      );
      expect(worst).toBeLessThan(1e-4 * scale);
    });
  };

  it("equal those of tfjs for maps of any size", () => {
    const side = fc.integer({ min: 1, max: 14 });
    const channels = fc.constantFrom(16, 24, 32, 40, 56, 64);
    const maps = fc
      .tuple(fc.integer({ min: 1, max: 5 }), side, side, channels, channels)
      .map(([batch, height, width, into, out]) => ({ shape: [batch, height, width, into], out }));
    fc.assert(fc.property(maps, expectEqualUpToRounding), { numRuns: 60 });
  });

  it("equal those of tfjs for maps that are transformed in several parts, always bit for bit", () => {
    const maps = { shape: [8, 24, 26, 48], out: 72 };
    expectEqualUpToRounding(maps);
    const bytes = () =>
      ownResults(maps).map(({ buffer }) => Buffer.from(buffer).toString("base64"));
    const first = bytes();
    for (let i = 0; i < 3; i++) expect(bytes().every((each, k) => each === first[k])).toBe(true);
  });

  it("give empty maps, and a gradient of 0, for an empty batch", () => {
    const [y, dx, gradient] = ownResults({ shape: [0, 6, 6, 16], out: 16 });
    expect([y, dx].map((values) => values?.length)).toEqual([0, 0]);
    expect(gradient).toEqual(new Float32Array(9 * 16 * 16));
  });

  it.each([
    ["two axes", [4, 16], [3, 3, 16, 16], /four axes/],
    ["a kernel of 5", [1, 6, 6, 16], [5, 5, 16, 16], /kernel of 3 × 3/],
    ["a kernel for other channels", [1, 6, 6, 16], [3, 3, 24, 16], /for the channels/],
    ["12 channels", [1, 6, 6, 12], [3, 3, 12, 16], /multiples of 8/],
  ])("refuse %s", (_, maps, kernel, problem) => {
    const zeros = (shape: number[]) =>
      upload(new Float32Array(shape.reduce((product, n) => product * n, 1)), shape);
    expect(() => scope(() => runOne("MienConv2D", [], [zeros(maps), zeros(kernel)]))).toThrow(
      problem,
    );
  });
});

/** Maps [batch, height, width, in] and the number of channels after the convolution. */
interface Maps {
  readonly shape: readonly number[];
  readonly out: number;
}

function pointsOf({ shape, out }: Maps) {
  return {
    x: normals(shape),
    kernel: normals([3, 3, shape[3]!, out], 0.2),
    dy: normals([...shape.slice(0, 3), out], 1, "dy"),
  };
}
