import { random } from "@mien/format";
import { expect } from "vitest";
import { download, scope, upload, type NativeTensor } from "../tensor/native.ts";
import { tf } from "../tensor/tf.ts";
import type { Tensor } from "@tensorflow/tfjs-node";

/** A named tensor that a function is differentiated in. */
export interface Point {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Normal numbers of mean 0 and the given deviation. */
export function normals(
  shape: readonly number[],
  deviation = 1,
  ...keys: (string | number)[]
): Point {
  const stream = random("normals", ...keys, ...shape);
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, values: Float32Array.from({ length: size }, () => deviation * stream.normal()) };
}

/** A function of tensors with its gradients, as the network uses it, and its stock tfjs form. */
export interface Candidate {
  readonly inputs: readonly Point[];
  forward(...inputs: NativeTensor[]): NativeTensor;
  /** Gradients in the inputs, given that of the output; undefined where there is none. */
  backward(inputs: NativeTensor[], y: NativeTensor, dy: NativeTensor): (NativeTensor | undefined)[];
  stock(...inputs: Tensor[]): Tensor;
  /** Half the difference between the two points of a finite difference. */
  readonly step?: number;
}

/**
 * Expects a candidate's gradients to equal stock tfjs's, and finite differences of its own forward
 * function, at every input value (at most 60 of each input for the differences).
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
        // Summed in 64 bits, as the difference of two large sums is what counts.
        return evaluate(moved).values.reduce((sum, value, k) => sum + value * weights[k]!, 0);
      };
      const difference = (loss(step) - loss(-step)) / (2 * step);
      expect(Math.abs(difference - gradient[at]!)).toBeLessThan(0.02 * scale);
    }
  });
}

/**
 * Expects two lists to be equal up to a share of the largest value.
 *
 * @param floor values below it are rounding noise; it is the least that counts as largest.
 */
export function expectClose(
  found: Float32Array,
  expected: Float32Array,
  share: number,
  floor = 1e-6,
): void {
  expect(found.length).toBe(expected.length);
  const scale = Math.max(floor, ...expected.map(Math.abs));
  const worst = found.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - expected[i]!)),
    0,
  );
  expect(worst / scale).toBeLessThan(share);
}
