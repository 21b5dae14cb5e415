import { random } from "@mien/format";
import { expect } from "vitest";
import { download, scope, upload, type NativeTensor } from "../tensor/native.ts";
import { tf } from "../tensor/tf.ts";
import type { Tensor } from "@tensorflow/tfjs-node";

/** An input of a function that is differentiated. */
interface Point {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Normal random numbers of mean 0 and the given standard deviation, in the given shape. */
export function normals(
  shape: readonly number[],
  deviation = 1,
  ...keys: (string | number)[]
): Point {
  const stream = random("normals", ...keys, ...shape);
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, values: Float32Array.from({ length: size }, () => deviation * stream.normal()) };
}

/** A function with its gradients, as the network uses it, and the same function in tfjs. */
interface Candidate {
  readonly inputs: readonly Point[];
  forward(...inputs: NativeTensor[]): NativeTensor;
  /**
   * Gradients with respect to the inputs, from the output's gradient; undefined for an input
   * without.
   */
  backward(inputs: NativeTensor[], y: NativeTensor, dy: NativeTensor): (NativeTensor | undefined)[];
  stock(...inputs: Tensor[]): Tensor;
  /** Half the distance between the two points of a finite difference; default 0.01. */
  readonly step?: number;
}

/**
 * Expects the gradients of a candidate to equal those of tfjs at every input value, and the finite
 * differences of its forward function at up to about 60 values of each input.
 */
export function expectRightGradients(candidate: Candidate): void {
  const { inputs, step = 1e-2 } = candidate;
  const evaluate = (points: readonly Float32Array[]) =>
    scope(() => {
      const tensors = points.map((values, i) => upload(values, inputs[i]!.shape));
      const y = candidate.forward(...tensors);
      return { shape: [...y.shape], values: download(y) };
    });
  const values = inputs.map((point) => point.values);
  const y = evaluate(values);
  const weights = normals(y.shape, 1, "weights").values;

  const found = scope(() => {
    const tensors = inputs.map((point) => upload(point.values.slice(), point.shape));
    const output = candidate.forward(...tensors);
    const gradients = candidate.backward(tensors, output, upload(weights.slice(), y.shape));
    return gradients.map((gradient) => gradient && download(gradient));
  });

  const stock = tf.tidy(() => {
    const tensors = inputs.map(({ values, shape }) => tf.tensor(values.slice(), [...shape]));
    const dy = tf.tensor(weights.slice(), y.shape);
    const loss = (...xs: Tensor[]) => tf.sum(tf.mul(candidate.stock(...xs), dy));
    const output = candidate.stock(...tensors).dataSync<"float32">();
    return {
      output,
      gradients: tf
        .grads(loss as never)(tensors)
        .map((gradient) => gradient.dataSync<"float32">()),
    };
  });
  expectClose(y.values, stock.output, 1e-4);

  found.forEach((gradient, i) => {
    if (gradient === undefined) return;
    expectClose(gradient, stock.gradients[i]!, 1e-4);
    const scale = Math.max(...gradient.map(Math.abs));
    const stride = Math.max(1, Math.floor(gradient.length / 60));
    for (let at = 0; at < gradient.length; at += stride) {
      const loss = (delta: number) => {
        const moved = values.map((list) => list.slice());
        moved[i]![at]! += delta;
        // Summed in 64 bits, because the two sums are large and their difference is small.
        return evaluate(moved).values.reduce((sum, value, k) => sum + value * weights[k]!, 0);
      };
      const difference = (loss(step) - loss(-step)) / (2 * step);
      expect(Math.abs(difference - gradient[at]!)).toBeLessThan(0.02 * scale);
    }
  });
}

/**
 * Expects two lists to be equal within a tolerance, as a share of their largest value.
 *
 * @param tolerance.floor the least largest value, for lists of rounding errors; default 1e-6.
 */
export function expectClose(
  found: Float32Array,
  expected: Float32Array,
  tolerance: number | { readonly share: number; readonly floor: number },
): void {
  const { share, floor } =
    typeof tolerance === "number" ? { share: tolerance, floor: 1e-6 } : tolerance;
  expect(found.length).toBe(expected.length);
  const scale = Math.max(floor, ...expected.map(Math.abs));
  const worst = found.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - expected[i]!)),
    0,
  );
  expect(worst / scale).toBeLessThan(share);
}
