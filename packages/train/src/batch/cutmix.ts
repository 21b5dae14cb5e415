import { random } from "@mien/format";
import { add, gather, multiply } from "../tensor/native-ops.ts";
import { mapShape, upload, type NativeTensor } from "../tensor/native.ts";

/**
 * Replaces a rectangle of some images of a batch by the same part of the next image, and mixes the
 * targets by the area (CutMix, Yun et al. 2019, with their uniform distribution of the area: the
 * sides of the rectangle are √(1 − λ) of those of the image, λ uniform in 0–1; its centre is uniform
 * in the image, which cuts off what lies outside).
 *
 * @param images [batch, height, width, channels], in random order.
 * @param targets [batch, outputs of the network].
 * @param probability that an image is changed, 0–1.
 * @param keys of the random numbers.
 */
export function cutmix(
  images: NativeTensor,
  targets: NativeTensor,
  {
    probability,
    keys,
  }: { readonly probability: number; readonly keys: readonly (number | string)[] },
): { images: NativeTensor; targets: NativeTensor } {
  const [count, height, width] = mapShape(images);
  const stream = random(...keys);
  const next = upload(Int32Array.from({ length: count }, (_, i) => (i + 1) % count));
  const kept = new Float32Array(count * height * width).fill(1);
  const own = new Float32Array(count).fill(1);
  for (let i = 0; i < count; i++) {
    if (stream.uniform() >= probability) continue;
    const side = Math.sqrt(stream.uniform());
    const [top, bottom] = interval(stream.uniform() * height, side * height, height);
    const [left, right] = interval(stream.uniform() * width, side * width, width);
    for (let y = top; y < bottom; y++) {
      const row = (i * height + y) * width;
      kept.fill(0, row + left, row + right);
    }
    own[i] = 1 - ((bottom - top) * (right - left)) / (height * width);
  }
  const blend = (values: NativeTensor, shares: Float32Array, shape: readonly number[]) => {
    const rest = shares.map((share) => 1 - share);
    const mine = multiply(values, upload(shares, shape));
    return add(mine, multiply(gather(values, next), upload(rest, shape)));
  };
  return {
    images: blend(images, kept, [count, height, width, 1]),
    targets: blend(targets, own, [count, 1]),
  };
}

/** The pixels from and up to which an interval reaches, within 0 and `size`. */
function interval(centre: number, length: number, size: number): [number, number] {
  const start = Math.max(0, Math.round(centre - length / 2));
  return [start, Math.min(size, Math.max(start, Math.round(centre + length / 2)))];
}
