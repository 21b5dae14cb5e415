import { random, type ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { synthesize } from "../synth/synthesize.ts";
import { descending } from "./audit-labels.ts";
import { rateNoFaces } from "./no-face.ts";

const faces = synthesize({ count: 600, seed: 4 });
const size = faces.height * faces.width * faces.channels;

/** The set with other pixels for some of its images. */
function withImages(replaced: ReadonlyMap<number, (pixel: number) => number>): ImageSet {
  const pixels = Uint8Array.from(faces.pixels);
  for (const [position, valueAt] of replaced) {
    for (let p = 0; p < size; p++) pixels[position * size + p] = valueAt(p);
  }
  return { ...faces, pixels };
}

describe("rateNoFaces", () => {
  it("ranks blank images first, then stripes, text and noise before drawn faces", () => {
    const stream = random("no-face-test");
    const column = (p: number) => p % faces.width;
    const line = (p: number) => Math.floor(p / faces.width);
    const replaced = new Map<number, (pixel: number) => number>([
      [17, () => 255],
      [99, (p) => (column(p) % 6 < 3 ? 30 : 220)],
      [250, (p) => (line(p) % 8 < 4 && (column(p) * 7 + line(p) * 3) % 5 < 2 ? 10 : 240)],
      [333, () => 40 + 20 * stream.integer(10)],
      [512, (p) => (((column(p) >> 2) + (line(p) >> 2)) % 2 === 0 ? 60 : 190)],
    ]);
    const rated = rateNoFaces(withImages(replaced));
    expect(rated[17]).toBe(Infinity);
    const first = [...descending(rated).subarray(0, replaced.size)];
    expect(first[0]).toBe(17);
    expect(first.sort((a, b) => a - b)).toEqual([...replaced.keys()]);
  });

  it("does not learn a picture because it occurs often", () => {
    const checks = (p: number) => ((p % faces.width) % 6 < 3 ? 30 : 220);
    const often = new Map(Array.from({ length: 40 }, (_, i) => [5 + 10 * i, checks] as const));
    const first = descending(rateNoFaces(withImages(often))).subarray(0, 40);
    expect([...first].sort((a, b) => a - b)).toEqual([...often.keys()]);
  });

  it("rates one image", () => {
    const { row, labels, usage } = faces;
    const one = {
      ...faces,
      pixels: faces.pixels.subarray(0, size),
      row: row.subarray(0, 1),
      labels: labels.subarray(0, 1),
      usage: usage.subarray(0, 1),
    };
    expect(rateNoFaces(one)[0]).toBeCloseTo(0, 6);
  });
});
