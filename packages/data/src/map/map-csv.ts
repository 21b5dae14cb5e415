import { itemAt, type ImageSet } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import type { EmbeddedImages } from "./embedding.ts";

/** The place of every image as CSV: `row`, and the first two principal components `x` and `y`. */
export function mapCsv(set: ImageSet, { positions, places }: EmbeddedImages): string {
  const rows = Array.from(positions, (position, i) => [
    itemAt(set.row, position),
    ...[0, 1].map((axis) => Number(itemAt(places, 2 * i + axis).toPrecision(6))),
  ]);
  return stringify([["row", "x", "y"], ...rows]);
}
