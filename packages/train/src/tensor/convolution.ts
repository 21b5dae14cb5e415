import { perDtype } from "./native-ops.ts";
import { attribute, DTYPE, ints, mapShape, runOne, type NativeTensor } from "./native.ts";
import {
  hasOwnConv2d,
  ownConv2d,
  ownConv2dInputGradient,
  ownConv2dKernelGradient,
} from "./own-ops.ts";

/*
 * The convolution of a training step with its gradients, by mien's own operations where they can
 * compute it, else by TensorFlow's. Maps are [batch, height, width, channels].
 */

const convolution = perDtype((dtype) => [
  attribute.type("T", dtype),
  attribute.int("strides", [1, 1, 1, 1]),
  attribute.int("dilations", [1, 1, 1, 1]),
  attribute.text("padding", "SAME"),
  attribute.text("data_format", "NHWC"),
  attribute.bool("use_cudnn_on_gpu", false),
]);

/** Convolution of stride 1 that keeps height and width; kernel [size, size, in, out]. */
export function conv2d(x: NativeTensor, kernel: NativeTensor): NativeTensor {
  if (hasOwnConv2d(x.dtype, kernel.shape)) return ownConv2d(x, kernel);
  return runOne("Conv2D", convolution(x), [x, kernel]);
}

/** Gradient of `conv2d` with respect to its kernel. */
export function conv2dKernelGradient(
  x: NativeTensor,
  kernel: NativeTensor,
  dy: NativeTensor,
): NativeTensor {
  if (hasOwnConv2d(x.dtype, kernel.shape)) return ownConv2dKernelGradient(x, dy);
  const [batch, height, width] = mapShape(x);
  const isSmall = height * width <= 64;
  // In bfloat16, oneDNN computes this gradient at half the speed of a convolution. For small maps it
  // is faster as a convolution of the transposed maps, which has the same products and sums.
  if (x.dtype === DTYPE.bfloat16 && isSmall && batch % 32 === 0) {
    return kernelGradientAsConvolution(x, kernel, dy);
  }
  return runOne("Conv2DBackpropFilter", convolution(x), [x, ints(kernel.shape), dy]);
}

/**
 * The images are the channels of `x`, and the channels are the images of the batch: [channels in,
 * height, width, batch]. The kernel is `dy` as [height, width, batch, channels out].
 */
function kernelGradientAsConvolution(
  x: NativeTensor,
  { shape: [rows = 1, columns = 1] }: NativeTensor,
  dy: NativeTensor,
): NativeTensor {
  // Padding "same" puts the larger half behind the map.
  const around = (size: number) => [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const attributes = [
    ...convolution(x).filter(({ name }) => name !== "padding"),
    attribute.text("padding", "EXPLICIT"),
    attribute.int("explicit_paddings", [0, 0, ...around(rows), ...around(columns), 0, 0]),
  ];
  const inputs = [transpose(x, [3, 1, 2, 0]), transpose(dy, [1, 2, 0, 3])];
  return transpose(runOne("Conv2D", attributes, inputs), [1, 2, 0, 3]);
}

/** The same values with the axes in another order. */
function transpose(x: NativeTensor, axes: readonly number[]): NativeTensor {
  return runOne(
    "Transpose",
    [attribute.type("T", x.dtype), attribute.type("Tperm", DTYPE.int32)],
    [x, ints(axes)],
  );
}

/** Gradient of `conv2d` with respect to its input. */
export function conv2dInputGradient(
  x: NativeTensor,
  kernel: NativeTensor,
  dy: NativeTensor,
): NativeTensor {
  if (hasOwnConv2d(x.dtype, kernel.shape)) return ownConv2dInputGradient(kernel, dy);
  return runOne("Conv2DBackpropInput", convolution(x), [ints(x.shape), kernel, dy]);
}
