import type { ImageSet } from "@mien/format";
import { encodePng } from "./png.ts";

/** The colour of the strongest drop, red, green and blue, 0–255: vermilion of Okabe and Ito. */
const HEAT = [213, 94, 0] as const;

/** The opacity of the colour at the largest drop, 0–1; the image stays visible below it. */
const OPACITY = 0.8;

/** Below this drop of the probability, 0–1, a map is drawn without colour: it would show noise. */
const LEAST_DROP = 0.01;

/** The largest drop of the probability in an occlusion map; 0 if there is none of at least 0.01. */
function largestDrop(map: Float32Array): number {
  const largest = map.reduce((most, drop) => Math.max(most, drop), 0);
  return largest < LEAST_DROP ? 0 : largest;
}

/** A value of 0–255, covered by the heat colour with the given strength, 0–1. */
function covered(value: number, channel: number, strength: number): number {
  const heat = HEAT[channel] ?? value;
  return Math.round(value + OPACITY * strength * (heat - value));
}

/**
 * An image below its occlusion map as PNG in colour. The opacity of the map grows linearly with the
 * drop of the probability, from 0 without a drop to its maximum at the largest drop of this map.
 *
 * @param image [height, width, channels] row-major, 0–255.
 * @param map [height, width] row-major, from `occlusionMaps`.
 */
export function drawOcclusion(
  image: Uint8Array,
  map: Float32Array,
  { height, width, channels }: Pick<ImageSet, "height" | "width" | "channels">,
): Buffer {
  const largest = largestDrop(map);
  const pixels = new Uint8Array(height * width * 3);
  map.forEach((drop, at) => {
    const strength = largest === 0 ? 0 : Math.max(0, drop) / largest;
    const [first = 0, second = first, third = first] = image.subarray(
      at * channels,
      (at + 1) * channels,
    );
    const colours = [first, second, third].map((value, c) => covered(value, c, strength));
    pixels.set(colours, at * 3);
  });
  return encodePng(pixels, { height, width, channels: 3 });
}

/** The largest drop in an occlusion map in words. */
export function dropText(map: Float32Array): string {
  const largest = largestDrop(map);
  if (largest === 0) return "drop: below 1 point";
  const points = Math.round(100 * largest);
  return `drop: up to ${points} ${points === 1 ? "point" : "points"}`;
}

/** What the colours of `drawOcclusion` mean, with their scale, as HTML. */
export function occlusionLegend(): string {
  const colours = [0, 1].map((strength) => {
    return `rgb(${HEAT.map((_, c) => covered(128, c, strength)).join(" ")})`;
  });
  return `<p>The picture on the right shows what the prediction depends on: the stronger the colour, the more the probability of the predicted class drops if a grey patch covers this place (occlusion map, Zeiler and Fergus 2014).</p>
<div class="heat-scale"><span>0</span><i style="background: linear-gradient(to right, ${colours.join(", ")})"></i><span>largest drop, written below each image in percentage points</span></div>`;
}
