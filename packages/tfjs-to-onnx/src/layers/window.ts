/** Output length and padding of a sliding window along one axis. */
export interface Window {
  /** Length of the result. */
  readonly output: number;
  /** Cells of padding before the first and after the last cell. */
  readonly before: number;
  readonly after: number;
}

/**
 * TensorFlow's arithmetic of sliding windows. `same` pads so that the output has
 * ⌈size / stride⌉ cells, and puts the odd cell of padding at the end; `valid` never pads.
 *
 * @param size length of the axis.
 * @param kernel length of the window, before dilation.
 * @returns an output below 1 if the window does not fit.
 * @see https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
 */
export function slideWindow(
  size: number,
  kernel: number,
  options: { stride: number; dilation: number; padding: "same" | "valid" },
): Window {
  const { stride, dilation, padding } = options;
  const reach = (kernel - 1) * dilation + 1;
  if (padding === "valid") {
    return { output: Math.floor((size - reach) / stride) + 1, before: 0, after: 0 };
  }
  const output = Math.ceil(size / stride);
  const total = Math.max((output - 1) * stride + reach - size, 0);
  const before = Math.floor(total / 2);
  return { output, before, after: total - before };
}
