/** The number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/**
 * Reorders the axes of a row-major array, like `numpy.transpose`.
 *
 * @param axes `axes[i]` is the axis of the input that becomes axis i of the output.
 */
export function transpose<Data extends Float32Array | Uint8Array>(
  data: Data,
  shape: readonly number[],
  axes: readonly number[],
): Data {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const sizes = axes.map((axis) => shape[axis] as number);
  const steps = axes.map((axis) => strides[axis] as number);
  const out = new (data.constructor as new (length: number) => Data)(data.length);
  const position = new Array<number>(axes.length).fill(0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = data[from] as number;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const size = sizes[axis] as number;
      const step = steps[axis] as number;
      from += step;
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < size) break;
      from -= size * step;
      position[axis] = 0;
    }
  }
  return out;
}
