import { setImmediate } from "node:timers/promises";
import { itemAt, type ImageSet } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import type { EmbeddedImages } from "./embedding.ts";

/** Number of images that are written at a time. */
const CHUNK = 10_000;

/**
 * The place of every image as CSV: `row`, and the first two principal components `x` and `y`. The
 * text comes in pieces, since a set can have millions of images.
 */
export async function* mapCsv(
  set: ImageSet,
  { positions, places }: EmbeddedImages,
): AsyncGenerator<string> {
  yield stringify([["row", "x", "y"]]);
  for (let from = 0; from < positions.length; from += CHUNK) {
    const rows = Array.from(positions.subarray(from, from + CHUNK), (position, i) => [
      itemAt(set.row, position),
      ...[0, 1].map((axis) => Number(itemAt(places, 2 * (from + i) + axis).toPrecision(6))),
    ]);
    // Lets the handler of Ctrl-C run.
    await setImmediate();
    yield stringify(rows);
  }
}
