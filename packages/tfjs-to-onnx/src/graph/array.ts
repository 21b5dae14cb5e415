import { itemAt } from "@mien/format";

/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The last size of a shape, which must not be empty: the channels of an image. */
export function lastSize(shape: readonly number[]): number {
  return itemAt(shape, shape.length - 1);
}

/**
 * Reorders the axes of a row-major array, like `numpy.transpose`.
 *
 * @param axes `axes[i]` is the axis of the input that becomes axis i of the output.
 */
export function transpose(
  data: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array;
export function transpose(
  data: Uint8Array,
  shape: readonly number[],
  axes: readonly number[],
): Uint8Array;
export function transpose(
  data: Float32Array | Uint8Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array | Uint8Array {
  /**
   * For each axis of the output, from the last to the first: its size and the distance between its
   * elements.
   */
  const counters = axes.toReversed().map((axis) => ({
    size: itemAt(shape, axis),
    step: sizeOf(shape.slice(axis + 1)),
    position: 0,
  }));
  const Numbers = data instanceof Float32Array ? Float32Array : Uint8Array;
  const out = new Numbers(data.length);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = itemAt(data, from);
    for (const counter of counters) {
      from += counter.step;
      counter.position++;
      if (counter.position < counter.size) break;
      from -= counter.size * counter.step;
      counter.position = 0;
    }
  }
  return out;
}
