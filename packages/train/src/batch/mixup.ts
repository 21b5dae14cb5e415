import { random, type Random } from "@mien/format";
import { add, gather, multiply } from "../tensor/native-ops.ts";
import { mapShape, upload, type NativeTensor } from "../tensor/native.ts";

/**
 * Blends each image of a batch and its target with the next one (mixup, Zhang et al. 2018). The
 * shares of each pair are drawn from a Beta distribution; the image itself has the larger share.
 *
 * @param images [batch, height, width, channels], in random order.
 * @param targets [batch, outputs of the network].
 * @param alpha both parameters of the Beta distribution, 0 < alpha ≤ 1.
 * @param keys of the random numbers.
 */
export function mixup(
  images: NativeTensor,
  targets: NativeTensor,
  { alpha, keys }: { readonly alpha: number; readonly keys: readonly (number | string)[] },
): { images: NativeTensor; targets: NativeTensor } {
  const [count] = mapShape(images);
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

/**
 * A random number from Beta(alpha, alpha), for 0 < alpha ≤ 1, by Jöhnk's method.
 *
 * @internal exported for tests.
 */
export function betaShare(stream: Random, alpha: number): number {
  for (;;) {
    const a = stream.uniform() ** (1 / alpha);
    const b = stream.uniform() ** (1 / alpha);
    // Both powers underflow to 0 if alpha is tiny.
    if (a + b > 0 && a + b <= 1) return a / (a + b);
  }
}
