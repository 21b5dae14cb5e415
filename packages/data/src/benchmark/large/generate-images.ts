import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import path from "node:path";
import { writeJson } from "@mien/cli";
import { imageAt, itemAt, MienError, random, type DatasetManifest } from "@mien/format";
import { PLAIN_HEADER } from "../../csv/csv-layout.ts";
import { ownManifestPath } from "../../manifest/manifests.ts";

import { synthesize } from "../../synth/synthesize.ts";

/** Number of drawn faces. */
const FACES = 350;
/** Rows that are written at once. */
const ROWS_PER_WRITE = 512;
/** Width and height, in pixels. */
export const SIDE = 48;
/** Cells of the clouds along a side; each corner has a random brightness. */
const CELLS = 5;
/** For each pixel along a side: the corner before it, and the distance from there in cells. */
const POINTS = Array.from({ length: SIDE }, (_, x) => {
  const at = (x * CELLS) / SIDE;
  return { corner: Math.floor(at), share: at - Math.floor(at) };
});
const pointAt = (x: number) => POINTS[x] as (typeof POINTS)[number];
const byteAt = (values: Uint8Array, index: number) => values[index] as number;
const line = new Float64Array(CELLS + 1);
/** Largest number of bytes of a row: label, pixels of up to 3 digits with a space, split, line end. */
const ROW_BYTES = 2 + SIDE * SIDE * 4 + 16;

const ZERO = 0x30;
const SPACE = 0x20;

/**
 * Writes a CSV with any number of different images, and its manifest. Each image is a drawn
 * face below random clouds. The same seed gives the same images.
 *
 * @param request.onProgress called with the number of rows written so far.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function generateImages(
  csv: string,
  request: {
    readonly count: number;
    readonly seed: number;
    readonly signal: AbortSignal;
    readonly onProgress: (done: number) => void;
  },
): Promise<void> {
  const { count, seed, signal, onProgress } = request;
  const faces = synthesize({ count: FACES, seed });
  const chance = random(seed, "large set");
  const field = new Uint8Array((CELLS + 1) ** 2);
  const hash = createHash("sha256");
  const block = Buffer.alloc(ROWS_PER_WRITE * ROW_BYTES);
  const file = await open(csv, "w");
  try {
    const header = Buffer.from(`${PLAIN_HEADER}\n`);
    hash.update(header);
    await file.write(header);
    for (let done = 0; done < count;) {
      if (signal.aborted) throw new MienError("interrupted", "the generated set is deleted");
      let at = 0;
      const until = Math.min(count, done + ROWS_PER_WRITE);
      for (; done < until; done++) at = writeRow(done, block, at);
      const bytes = block.subarray(0, at);
      hash.update(bytes);
      await file.writeFile(bytes);
      onProgress(done);
    }
  } finally {
    await file.close();
  }
  const { classes } = faces;
  const manifest: DatasetManifest = {
    name: path.basename(csv, ".csv"),
    classes,
    image: { height: SIDE, width: SIDE, channels: 1 },
    file: { name: path.basename(csv), sha256: hash.digest("hex"), rows: count },
    licence: "CC0-1.0",
    source: "data:benchmark-large",
  };
  await writeJson(ownManifestPath(csv), manifest);

  function writeRow(row: number, target: Buffer, start: number): number {
    const face = chance.integer(FACES);
    for (let i = 0; i < field.length; i++) field[i] = chance.integer(256);
    const pixels = imageAt(faces, face);
    let at = start;
    at += target.write(`${itemAt(faces.labels, face)},`, at, "latin1");
    for (let k = 0, y = 0; y < SIDE; y++) {
      const { corner, share } = pointAt(y);
      for (let i = 0; i <= CELLS; i++) {
        const upper = byteAt(field, corner * (CELLS + 1) + i);
        const lower = byteAt(field, (corner + 1) * (CELLS + 1) + i);
        line[i] = upper + (lower - upper) * share;
      }
      for (let x = 0; x < SIDE; x++, k++) {
        const across = pointAt(x);
        const left = itemAt(line, across.corner);
        const cloud = left + (itemAt(line, across.corner + 1) - left) * across.share;
        const value = Math.floor(0.4 * byteAt(pixels, k) + 0.6 * cloud);
        if (value >= 100) target[at++] = ZERO + Math.floor(value / 100);
        if (value >= 10) target[at++] = ZERO + (Math.floor(value / 10) % 10);
        target[at++] = ZERO + (value % 10);
        target[at++] = SPACE;
      }
    }
    const usage = row % 10 === 8 ? "PublicTest" : row % 10 === 9 ? "PrivateTest" : "Training";
    at--;
    return at + target.write(`,${usage}\n`, at, "latin1");
  }
}
