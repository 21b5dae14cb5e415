import { random, type ModelInput } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import { add, multiply } from "../tensor/native-ops.ts";
import {
  attribute,
  constantFloat,
  ints,
  mapShape,
  runOne,
  upload,
  type NativeTensor,
} from "../tensor/native.ts";

/**
 * The hyperparameters of geometric augmentation.
 *
 * @internal exported for tests.
 */
export type GeometricAugmentation = Pick<TrainConfig, "zoom" | "shift" | "rotation" | "mirror">;

/**
 * The hyperparameters of augmentation of the pixel values.
 *
 * @internal exported for tests.
 */
export type PixelValueAugmentation = Pick<TrainConfig, "brightness" | "contrast" | "erasing">;

/**
 * Draws a random affine map for each image, which mirrors, zooms, rotates and shifts it at once, so
 * that the pixels are interpolated only once.
 *
 * @param draw.size of the images, in pixels.
 * @param draw.keys of the random numbers, such as (seed, "augment", step).
 * @returns [count, 8] row-major: per image a0, a1, a2, b0, b1, b2, 0, 0, where the output pixel
 * (x, y) takes its value from (a0·x + a1·y + a2, b0·x + b1·y + b2) of the input.
 */
export function drawAffineTransforms(
  { zoom, shift, rotation, mirror }: GeometricAugmentation,
  draw: {
    readonly count: number;
    readonly size: Pick<ModelInput, "height" | "width">;
    readonly keys: readonly (number | string)[];
  },
): Float32Array {
  const { count, size, keys } = draw;
  const stream = random(...keys);
  const transforms = new Float32Array(count * 8);
  const centreX = (size.width - 1) / 2;
  const centreY = (size.height - 1) / 2;
  for (let i = 0; i < count; i++) {
    const scale = 1 / stream.between(1 - zoom, 1 + zoom);
    const angle = (stream.between(-rotation, rotation) * Math.PI) / 180;
    const shiftX = stream.between(-shift, shift) * size.width;
    const shiftY = stream.between(-shift, shift) * size.height;
    const flip = stream.uniform() < mirror ? -1 : 1;
    const cosine = scale * Math.cos(angle);
    const sine = scale * Math.sin(angle);
    const [a0, a1, b0, b1] = [flip * cosine, -flip * sine, sine, cosine];
    // The centre of the output, moved by the shift, takes its value from the centre of the input.
    const a2 = centreX - a0 * (centreX + shiftX) - a1 * (centreY + shiftY);
    const b2 = centreY - b0 * (centreX + shiftX) - b1 * (centreY + shiftY);
    transforms.set([a0, a1, a2, b0, b1, b2], i * 8);
  }
  return transforms;
}

/** Whether a geometric augmentation changes no image. */
export function changesNothing({ zoom, shift, rotation, mirror }: GeometricAugmentation): boolean {
  return zoom === 0 && shift === 0 && rotation === 0 && mirror === 0;
}

/**
 * Applies affine maps with bilinear interpolation; positions outside the image take the nearest
 * pixel of its border.
 *
 * @param images float32 [count, height, width, channels].
 * @param transforms as `drawAffineTransforms` returns them.
 */
export function applyAffineTransforms(
  images: NativeTensor,
  transforms: Float32Array,
): NativeTensor {
  const [count, height, width] = mapShape(images);
  const attributes = [
    attribute.type("dtype", images.dtype),
    attribute.text("interpolation", "BILINEAR"),
    attribute.text("fill_mode", "NEAREST"),
  ];
  const inputs = [images, upload(transforms, [count, 8]), ints([height, width]), constantFloat(0)];
  return runOne("ImageProjectiveTransformV3", attributes, inputs);
}

/**
 * Changes contrast and brightness of each image, then erases a rectangle in some of them (random
 * erasing, Zhong et al. 2020): sides of 1/8 to 3/8 of the image, filled with one grey near the mean.
 *
 * @param images standardised, float32 [count, height, width, channels].
 * @param keys of the random numbers.
 */
export function augmentPixelValues(
  images: NativeTensor,
  { brightness, contrast, erasing }: PixelValueAugmentation,
  keys: readonly (number | string)[],
): NativeTensor {
  const [count, height, width] = mapShape(images);
  const stream = random(...keys);
  let result = images;
  if (brightness > 0 || contrast > 0) {
    const factors = Float32Array.from({ length: count }, () =>
      stream.between(1 - contrast, 1 + contrast),
    );
    const offsets = Float32Array.from({ length: count }, () =>
      stream.between(-brightness, brightness),
    );
    result = multiply(result, upload(factors, [count, 1, 1, 1]));
    result = add(result, upload(offsets, [count, 1, 1, 1]));
  }
  if (erasing === 0) return result;
  const kept = new Float32Array(count * height * width).fill(1);
  const filling = new Float32Array(count * height * width);
  for (let i = 0; i < count; i++) {
    if (stream.uniform() >= erasing) continue;
    const rows = Math.max(1, Math.floor(height * stream.between(1 / 8, 3 / 8)));
    const columns = Math.max(1, Math.floor(width * stream.between(1 / 8, 3 / 8)));
    const top = stream.integer(height - rows + 1);
    const left = stream.integer(width - columns + 1);
    const grey = 0.5 * stream.normal();
    for (let y = top; y < top + rows; y++) {
      const start = (i * height + y) * width + left;
      kept.fill(0, start, start + columns);
      filling.fill(grey, start, start + columns);
    }
  }
  const shape = [count, height, width, 1];
  return add(multiply(result, upload(kept, shape)), upload(filling, shape));
}
