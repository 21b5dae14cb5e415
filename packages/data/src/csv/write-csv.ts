import { itemAt, imageAt, USAGES, type ImageSet } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import { PLAIN_HEADER } from "./csv-layout.ts";

const NUMBERS = Array.from({ length: 256 }, (_, value) => String(value));

/**
 * Encodes an image set as a CSV in FER2013's layout, with rows in the order of the set.
 *
 * @returns the text in pieces; write them one after the other.
 */
export function encodeCsv(set: ImageSet): Uint8Array[] {
  const parts: Uint8Array[] = [Buffer.from(stringify([PLAIN_HEADER.split(",")]))];
  for (let i = 0; i < set.labels.length; i++) {
    const pixels = Array.from(imageAt(set, i), (value) => NUMBERS[value]).join(" ");
    const row = [set.labels[i], pixels, USAGES[itemAt(set.usage, i)]];
    parts.push(Buffer.from(stringify([row])));
  }
  return parts;
}
