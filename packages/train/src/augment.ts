import { random, type ModelInput } from "@mien/format";
import type { TrainConfig } from "./config.ts";
import { attribute, constantFloat, ints, runOne, upload, type NativeTensor } from "./native.ts";

/** The hyperparameters of augmentation. */
export type Augmentation = Pick<TrainConfig, "zoom" | "shift" | "rotation" | "mirror">;

/**
 * Draws one affine map per image: mirrored, zoomed, rotated and shifted in one go, so that the
 * pixels are interpolated only once.
 *
 * @param size of the images, in pixels.
 * @param keys what the draw depends on, such as (seed, "augment", step).
 * @returns [count, 8] row-major: per image a0, a1, a2, b0, b1, b2, 0, 0, where the output pixel
 * (x, y) takes its value from (a0·x + a1·y + a2, b0·x + b1·y + b2) of the input.
 */
export function drawTransforms(
  count: number,
  size: Pick<ModelInput, "height" | "width">,
  { zoom, shift, rotation, mirror }: Augmentation,
  keys: readonly (number | string)[],
): Float32Array {
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
    // The centre of the output, moved by the shift, shows the centre of the input.
    const a2 = centreX - a0 * (centreX + shiftX) - a1 * (centreY + shiftY);
    const b2 = centreY - b0 * (centreX + shiftX) - b1 * (centreY + shiftY);
    transforms.set([a0, a1, a2, b0, b1, b2], i * 8);
  }
  return transforms;
}

/** Whether an augmentation leaves every image as it is. */
export function isIdentity({ zoom, shift, rotation, mirror }: Augmentation): boolean {
  return zoom === 0 && shift === 0 && rotation === 0 && mirror === 0;
}

/**
 * Applies affine maps with bilinear interpolation; what lies outside repeats the nearest border
 * pixel.
 *
 * @param images float32 [count, height, width, channels].
 * @param transforms as `drawTransforms` returns them.
 */
export function transformImages(images: NativeTensor, transforms: Float32Array): NativeTensor {
  const [count, height, width] = images.shape as [number, number, number];
  const attributes = [
    attribute.type("dtype", images.dtype),
    attribute.text("interpolation", "BILINEAR"),
    attribute.text("fill_mode", "NEAREST"),
  ];
  const inputs = [images, upload(transforms, [count, 8]), ints([height, width]), constantFloat(0)];
  return runOne("ImageProjectiveTransformV3", attributes, inputs);
}
