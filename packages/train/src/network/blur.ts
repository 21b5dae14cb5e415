import {
  attribute,
  DTYPE,
  ints,
  keep,
  mapShape,
  runOne,
  upload,
  type NativeTensor,
} from "../tensor/native.ts";
import { cast } from "../tensor/native-ops.ts";
import { BLUR_SIZE, blurKernel } from "./blur-kernel.ts";

const windows = (dtype: number) => [
  attribute.type("T", dtype),
  attribute.int("strides", [1, 2, 2, 1]),
  attribute.int("dilations", [1, 1, 1, 1]),
  attribute.text("padding", "SAME"),
  attribute.text("data_format", "NHWC"),
];

/** The kernels of the blur by channels and data type. They are made once and never freed. */
const kernels = new Map<string, NativeTensor>();

function kernelOf(channels: number, dtype: number): NativeTensor {
  const key = `${channels} ${dtype}`;
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    const values = upload(blurKernel(channels), [BLUR_SIZE, BLUR_SIZE, channels, 1]);
    kernel = keep(cast(values, dtype));
    kernels.set(key, kernel);
  }
  return kernel;
}

/**
 * The second half of anti-aliased pooling (Zhang 2019): a binomial blur of 3×3 pixels at every second pixel
 * of both axes. The kernel is fixed, and the same in all channels.
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
  const [, , , channels] = mapShape(dy);
  // In bfloat16, TensorFlow has only a slow form of this operation: 20 times the time of float32.
  const float = cast(dy, DTYPE.float32);
  const gradient = runOne("DepthwiseConv2dNativeBackpropInput", windows(DTYPE.float32), [
    ints(shape),
    kernelOf(channels, DTYPE.float32),
    float,
  ]);
  return cast(gradient, dy.dtype);
}
