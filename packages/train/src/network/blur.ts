import {
  attribute,
  DTYPE,
  intercept,
  ints,
  keep,
  mapShape,
  runOne,
  upload,
  type NativeTensor,
} from "../tensor/native.ts";
import * as ops from "../tensor/native-ops.ts";
import { BLUR_SIZE, blurKernel } from "./blur-kernel.ts";

const windows = (dtype: number) => [
  attribute.type("T", dtype),
  attribute.int("strides", [1, 2, 2, 1]),
  attribute.int("dilations", [1, 1, 1, 1]),
  attribute.text("padding", "SAME"),
  attribute.text("data_format", "NHWC"),
];

/** Constant tensors by name. They are made once and never freed. */
const constants = new Map<string, NativeTensor>();

function constantOf(name: string, make: () => NativeTensor): NativeTensor {
  let tensor = constants.get(name);
  if (tensor === undefined) {
    // Made once, so it is not a part of a step that is recorded.
    tensor = intercept(undefined, () => keep(make()));
    constants.set(name, tensor);
  }
  return tensor;
}

function kernelOf(channels: number, dtype: number): NativeTensor {
  return constantOf(`kernel ${channels} ${dtype}`, () =>
    ops.cast(upload(blurKernel(channels), [BLUR_SIZE, BLUR_SIZE, channels, 1]), dtype),
  );
}

/**
 * The second half of anti-aliased pooling (Zhang 2019): a binomial blur of 3×3 pixels at every
 * second pixel of both axes. The kernel is fixed, and the same in all channels.
 *
 * The map is padded with zeros as TensorFlow's padding "same" does. The paper pads by reflection, but
 * tfjs has no layer that does so, and the saved model must consist of layers of tfjs.
 *
 * @param x [batch, height, width, channels].
 * @returns [batch, ceil(height / 2), ceil(width / 2), channels].
 * @see https://arxiv.org/abs/1904.11486
 */
export function blur(x: NativeTensor): NativeTensor {
  const [, , , channels] = mapShape(x);
  return runOne("DepthwiseConv2dNative", windows(x.dtype), [x, kernelOf(channels, x.dtype)]);
}

/** Gradient of `blur` with respect to its input, whose shape is given. */
export function blurGradient(shape: readonly number[], dy: NativeTensor): NativeTensor {
  const [, height = 0, width = 0, channels = 0] = shape;
  const kernel = kernelOf(channels, dy.dtype);
  if (dy.dtype === DTYPE.float32) {
    const inputs = [ints(shape), kernel, dy];
    return runOne("DepthwiseConv2dNativeBackpropInput", windows(dy.dtype), inputs);
  }
  // In bfloat16, TensorFlow has only a slow form of that operation (60 ms instead of 3). Its result is
  // also the blur, at every pixel, of a map that holds dy at every second pixel of both axes, and zeros.
  const [batch, rows, columns] = mapShape(dy);
  const spread = runOne("Pad", padding(dy.dtype), [
    ops.reshape(dy, [batch * rows, 1, columns, channels]),
    afterEach(channels),
  ]); // [batch · rows, 2, columns, 2 · channels]
  // A map of even size has no padding before its first pixel.
  const before = [height, width].map((size) => (size % 2 === 0 ? 2 : 1));
  return runOne("DepthwiseConv2dNative", everyPixel(dy.dtype, before), [
    ops.reshape(spread, [batch, 2 * rows, 2 * columns, channels]),
    kernel,
  ]);
}

const padding = (dtype: number) => [
  attribute.type("T", dtype),
  attribute.type("Tpaddings", DTYPE.int32),
];

const everyPixel = (dtype: number, [top = 0, left = 0]: readonly number[]) => [
  attribute.type("T", dtype),
  attribute.int("strides", [1, 1, 1, 1]),
  attribute.int("dilations", [1, 1, 1, 1]),
  attribute.text("padding", "EXPLICIT"),
  attribute.int("explicit_paddings", [0, 0, top, 0, left, 0, 0, 0]),
  attribute.text("data_format", "NHWC"),
];

/** Paddings that append a row of zeros to every row, and a pixel of zeros to every pixel. */
function afterEach(channels: number): NativeTensor {
  return constantOf(`after ${channels}`, () =>
    upload(Int32Array.of(0, 0, 0, 1, 0, 0, 0, channels), [4, 2]),
  );
}
