import { random, type Random } from "@mien/format";
import { add, gather, multiply } from "../tensor/native-ops.ts";
import { upload, type NativeTensor } from "../tensor/native.ts";

/**
 * Blends every image of a batch, and its target, with the next one (mixup, Zhang et al. 2018); the
 * batch must be in random order. Each pair has a share of its own, from a Beta distribution, and
 * the larger share is the image's own.
 *
 * @param images [batch, height, width, channels]. @param targets [batch, classes].
 * @param alpha both parameters of the Beta distribution, 0 < alpha ≤ 1.
 * @param keys what the draw depends on.
 */
export function mixup(
  images: NativeTensor,
  targets: NativeTensor,
  { alpha, keys }: { readonly alpha: number; readonly keys: readonly (number | string)[] },
): { images: NativeTensor; targets: NativeTensor } {
  const count = images.shape[0] as number;
  const stream = random(...keys);
  const next = upload(Int32Array.from({ length: count }, (_, i) => (i + 1) % count));
  const own = Float32Array.from({ length: count }, () => {
    const share = betaShare(stream, alpha);
    return Math.max(share, 1 - share);
  });
  const rest = own.map((share) => 1 - share);
  const blend = (values: NativeTensor) => {
    const shape = values.shape.map((n, axis) => (axis === 0 ? n : 1));
    const mine = multiply(values, upload(own.slice(), shape));
    return add(mine, multiply(gather(values, next), upload(rest.slice(), shape)));
  };
  return { images: blend(images), targets: blend(targets) };
}

/** A draw from Beta(alpha, alpha) by Jöhnk's method, which suits alpha ≤ 1. */
export function betaShare(stream: Random, alpha: number): number {
  for (;;) {
    const a = stream.uniform() ** (1 / alpha);
    const b = stream.uniform() ** (1 / alpha);
    // For tiny alpha both powers can be 0.
    if (a + b > 0 && a + b <= 1) return a / (a + b);
  }
}
