import { imageAt, itemAt, random, shuffle, type ImageSet, type Random } from "@mien/format";
import sharp from "sharp";
import { momentsOf } from "../near/moments.ts";
import { groupCopies } from "../near/group-copies.ts";

/**
 * The changes that a near-copy may have, each at a random strength up to its limit.
 *
 * @internal exported for tests.
 */
export const CHANGES = {
  mirrored: "mirrored",
  moved: "moved by up to 2 of 48 pixels in each direction",
  scaled: "enlarged or reduced by up to 5 %",
  relit: "lighter or darker by up to 15 %, also from one side to the other",
  jpeg: "compressed as JPEG of quality 50",
  some: "two to four of these at once",
  all: "all of these at once, mirrored every second time",
} as const;

/** The name of a change. */
export type Change = keyof typeof CHANGES;

/** The changes that can be combined. */
const SINGLE = ["mirrored", "moved", "scaled", "relit", "jpeg"] as const;

/** The names of all changes. */
const CHANGE_NAMES = [...SINGLE, "some", "all"] as const satisfies readonly Change[];

/** A set of images to which changed copies were added. */
export interface ChangedSet {
  readonly set: ImageSet;
  /** The positions of an image and its changed copy, and the change. */
  readonly copies: readonly { readonly a: number; readonly b: number; readonly change: Change }[];
}

/**
 * Adds changed copies to a set of grey images.
 *
 * @param options.perChange number of copies with each change and each seed, of different images.
 * @param options.seeds each chooses images and changes.
 */
export async function addChangedCopies(
  set: ImageSet,
  { perChange, seeds }: { readonly perChange: number; readonly seeds: readonly number[] },
): Promise<ChangedSet> {
  // Of images with exact copies, only the first is compared with other images.
  const distinct = groupCopies(set).map((group) => itemAt(group, 0));
  const usable = distinct.filter((i) => momentsOf(imageAt(set, i)).deviation >= 5);
  const copies: { a: number; b: number; change: Change }[] = [];
  const parts = [set.pixels];
  for (const seed of seeds) {
    const chance = random(seed, "changed copies");
    const order = shuffle(Uint32Array.from(usable), chance);
    let next = 0;
    for (const change of CHANGE_NAMES) {
      for (let n = 0; n < perChange; n++) {
        const a = itemAt(order, next++ % order.length);
        const changes = changesOf(change, chance);
        parts.push(await changeImage(imageAt(set, a), { set, changes, chance }));
        copies.push({ a, b: set.labels.length + copies.length, change });
      }
    }
  }
  const same = (values: Uint8Array) =>
    Uint8Array.from([...values, ...copies.map(({ a }) => itemAt(values, a))]);
  return {
    copies,
    set: {
      ...set,
      pixels: new Uint8Array(Buffer.concat(parts)),
      labels: same(set.labels),
      usage: same(set.usage),
      row: Uint32Array.from([...set.row, ...copies.map(({ b }) => b)]),
    },
  };
}

type SingleChange = (typeof SINGLE)[number];

/** The single changes of which a change consists. */
function changesOf(change: Change, chance: Random): ReadonlySet<SingleChange> {
  if (change === "all") return new Set(chance.uniform() < 0.5 ? SINGLE : SINGLE.slice(1));
  if (change !== "some") return new Set([change]);
  const order = shuffle(Uint8Array.from(SINGLE.keys()), chance);
  const count = 2 + Math.floor(3 * chance.uniform());
  return new Set(Array.from(order.subarray(0, count), (i) => itemAt(SINGLE, i)));
}

async function changeImage(
  pixels: Uint8Array,
  given: { set: ImageSet; changes: ReadonlySet<SingleChange>; chance: Random },
): Promise<Uint8Array> {
  const { set, changes, chance } = given;
  const { width, height } = set;
  const has = (one: SingleChange) => changes.has(one);
  const spread = (most: number) => chance.between(-most, most);
  const mirror = has("mirrored");
  const [dx, dy] = has("moved") ? [spread(2 / 48) * width, spread(2 / 48) * height] : [0, 0];
  // Copies that are only moved are moved by whole pixels, as a crop is.
  const isMovedOnly = has("moved") && changes.size === 1;
  const [x0, y0] = isMovedOnly ? [Math.round(dx), Math.round(dy) || 1] : [dx, dy];
  const scale = 1 + (has("scaled") ? spread(0.05) : 0);
  const light = 1 + (has("relit") ? spread(0.15) : 0);
  const side = has("relit") ? chance.between(0, 0.15 - Math.abs(light - 1)) : 0;
  const at = (x: number, y: number) =>
    pixels[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))] ?? 0;
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = (x - (width - 1) / 2) / scale + (width - 1) / 2 - x0;
      const v = (y - (height - 1) / 2) / scale + (height - 1) / 2 - y0;
      const [left, top] = [Math.floor(u), Math.floor(v)];
      const [r, d] = [u - left, v - top];
      const value =
        (1 - d) * ((1 - r) * at(left, top) + r * at(left + 1, top)) +
        d * ((1 - r) * at(left, top + 1) + r * at(left + 1, top + 1));
      const lit = value * (light + side * ((2 * x) / (width - 1) - 1));
      const target = y * width + (mirror ? width - 1 - x : x);
      result[target] = Math.min(255, Math.max(0, Math.round(lit)));
    }
  }
  if (!has("jpeg")) return result;
  const raw = { raw: { width, height, channels: 1 as const } };
  const jpeg = await sharp(result, raw).jpeg({ quality: 50 }).toBuffer();
  return new Uint8Array(await sharp(jpeg).greyscale().raw().toBuffer());
}
