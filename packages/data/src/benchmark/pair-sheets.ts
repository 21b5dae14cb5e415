import { imageAt, itemAt, random, shuffle, type ImageSet } from "@mien/format";
import { drawImageGrid } from "@mien/plot";

/** Pairs that are drawn, on one sheet, and in one row of a sheet. */
const PAIRS = 100;
const PER_SHEET = 20;
const PER_ROW = 4;

/**
 * Draws pairs of images, drawn at random, beside each other, so that a person can judge whether they
 * show the same picture.
 *
 * @param pairs positions of two images.
 * @returns PNG files with 20 pairs each.
 */
export function drawPairSheets(
  set: ImageSet,
  pairs: readonly (readonly [number, number])[],
  seed: number,
): { readonly name: string; readonly png: Buffer }[] {
  const order = shuffle(Uint32Array.from(pairs.keys()), random(seed, "pair sheets"));
  const chosen = Array.from(order.subarray(0, PAIRS), (i) => itemAt(pairs, i));
  const { width, height, channels } = set;
  const images = chosen.flatMap((pair, n) =>
    pair.map((position, side) => ({
      ...{ pixels: imageAt(set, position), width, height, channels },
      caption: side === 0 ? `pair ${n + 1}` : `rows ${pair.map((i) => itemAt(set.row, i)).join(", ")}`, // prettier-ignore
    })),
  );
  const sheets = Math.ceil(chosen.length / PER_SHEET);
  return Array.from({ length: sheets }, (_, sheet) => {
    const own = images.slice(2 * sheet * PER_SHEET, 2 * (sheet + 1) * PER_SHEET);
    const rows = Array.from({ length: Math.ceil(own.length / 2 / PER_ROW) }, (_, row) => ({
      label: "",
      images: own.slice(2 * row * PER_ROW, 2 * (row + 1) * PER_ROW),
    }));
    const title = `Near-copies ${sheet * PER_SHEET + 1} to ${sheet * PER_SHEET + own.length / 2}`;
    return { name: `pairs-${sheet + 1}.png`, png: drawImageGrid({ rows, title, scale: 2 }) };
  });
}
