import type { ImageSet } from "@mien/format";

/** Images of 2×2 grey pixels in two classes: [label, usage, pixels] each. */
export function tinySet(
  images: readonly (readonly [number, number, readonly number[]])[],
): ImageSet {
  return {
    height: 2,
    width: 2,
    channels: 1,
    classes: ["Cat", "Dog"],
    labels: Uint8Array.from(images, ([label]) => label),
    usage: Uint8Array.from(images, ([, usage]) => usage),
    pixels: Uint8Array.from(images.flatMap(([, , pixels]) => pixels)),
    row: Uint32Array.from(images, (_, i) => 10 + i),
  };
}
