import { USAGES, type DatasetManifest } from "@mien/format";
import fc from "fast-check";
import { readCsv, type CsvContent } from "../csv/read-csv.ts";

/** A manifest of tiny images, so that property tests can read many. */
export const TINY: DatasetManifest = {
  name: "tiny",
  classes: ["Cat", "Dog", "Owl"],
  image: { height: 2, width: 2, channels: 1 },
  licence: "none",
  source: "a test",
};

/** A valid row. */
export interface Row {
  readonly label: number;
  readonly pixels: readonly number[];
  readonly usage: number;
}

/** Valid rows of `TINY`. */
export const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  label: fc.integer({ min: 0, max: 2 }),
  pixels: fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 }),
  usage: fc.integer({ min: 0, max: 2 }),
});

/** A row as FER2013 writes it, without its line end. */
export function lineOf({ label, pixels, usage }: Row): string {
  return `${label},${pixels.join(" ")},${USAGES[usage]}`;
}

/** Reads a text cut into chunks of the given sizes, which are repeated as needed. */
export function readText(
  text: string | Buffer,
  options: { cuts?: readonly number[]; quoted?: boolean; skipBadRows?: boolean } = {},
): Promise<CsvContent> {
  const { cuts = [64], ...rest } = options;
  return readCsv(cut(Buffer.from(text as string), cuts), {
    file: "tiny.csv",
    manifest: TINY,
    ...rest,
  });
}

/** Yields chunks that are overwritten when the next one is requested, like those of the file reader. */
async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (let i = 0; start < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    const chunk = Buffer.from(bytes.subarray(start, start + size));
    start += size;
    yield chunk;
    chunk.fill("9");
    await Promise.resolve();
  }
}

/** Sizes of chunks, from single bytes to everything at once. */
export const cutsArbitrary = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(1e6)), {
  minLength: 1,
  maxLength: 6,
});
