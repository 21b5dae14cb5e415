import type { DepthMap, FaceResult } from "@mien/format";
import type { Box } from "../image/box.ts";
import { planeResidual, type DepthSample } from "./plane-fit.ts";
import { leastBulge } from "./quadric-fit.ts";

/** What depth says about a face. */
export interface Relief {
  /** Median distance of what is inside the box, in millimetres; null where nothing is known. */
  readonly distanceMm: number | null;
  readonly relief: FaceResult["relief"];
  /** Width of the box at that distance, in millimetres; null with the distance. */
  readonly widthMm: number | null;
  /** Root mean square distance from a plane, in millimetres; null where it cannot be told. */
  readonly residualMm: number | null;
  /**
   * How far it falls back from its middle to the edge of the inner ellipse, in the direction in which
   * it does so least, in millimetres; null where it cannot be told.
   */
  readonly bulgeMm: number | null;
  /** Why, for people. */
  readonly reason: string;
}

/** No face is as narrow or as wide as that, in millimetres; boxes differ by detector. */
const NARROWEST = 80;
const WIDEST = 320;
/** Whatever is this far before or behind the median is not the face, in millimetres. */
const CUT = 130;
/** Less of the ellipse than this is known or near: no answer. */
const LEAST_SHARE = 0.35;
/** The ellipse is parted into cells, whose means have less noise than single values. */
const CELLS = 9;
/** Beyond this even means are too coarse, in millimetres. */
const FARTHEST = 2500;
/** Less from a plane than this is a flat picture, in millimetres; docs/runtime.md has the margins. */
const FLAT_BELOW = 4;
/** Less of a bulge than this is a bent picture, in millimetres. */
const BENT_BELOW = 6;

/**
 * Tells a head from a picture of one, by the depth inside its box.
 *
 * The face's width at its distance must be one that faces have; and inside the inner ellipse of the
 * box, once the background is cut away, depth must differ from a plane, and fall back from the
 * middle in every direction, which no sheet does however it is bent. Beyond 2.5 m, or where too little depth is known, the answer is `unknown`.
 *
 * @param box in pixels of the frame, close around the face, chin to forehead.
 * @param frame the size of the picture that the box is of.
 */
export function judgeRelief(
  depth: DepthMap,
  box: Box,
  frame: { readonly width: number; readonly height: number },
): Relief {
  const across = depth.width / frame.width;
  const down = depth.height / frame.height;
  const centreX = (box[0] + box[2] / 2) * across;
  const centreY = (box[1] + box[3] / 2) * down;
  // The inner 80 %: nearer the edge there is hair, and background.
  const radiusX = 0.4 * box[2] * across;
  const radiusY = 0.4 * box[3] * down;
  const inside = ellipse(depth, centreX, centreY, radiusX, radiusY);
  const distanceMm = medianOf(inside.known);
  if (distanceMm === null) {
    const nothing = { distanceMm, widthMm: null, residualMm: null, bulgeMm: null };
    return { ...nothing, relief: "unknown", reason: "no depth is known there" };
  }
  const at = `at ${(distanceMm / 1000).toFixed(2)} m`;
  const widthMm = (box[2] * across * distanceMm) / depth.focalLength;
  const known = { distanceMm, widthMm, residualMm: null, bulgeMm: null };
  if (widthMm < NARROWEST || widthMm > WIDEST) {
    const reason = `size: ${Math.round(widthMm)} mm wide ${at}`;
    return { ...known, relief: "flat", reason };
  }
  const { samples, share } = cellsOf(inside, distanceMm);
  const residualMm = planeResidual(samples);
  const middle = { x: depth.width / 2 - centreX, y: depth.height / 2 - centreY };
  const bulgeMm = leastBulge(
    samples.map((sample) => inSpace(sample, distanceMm, middle.x / radiusX, middle.y / radiusY)),
  );
  const isKnown = share >= LEAST_SHARE && Number.isFinite(residualMm) && Number.isFinite(bulgeMm);
  if (distanceMm > FARTHEST || !isKnown) {
    return { ...known, relief: "unknown", reason: `too little depth is known ${at}` };
  }
  const measured = { ...known, residualMm, bulgeMm };
  const away = `${residualMm.toFixed(1)} mm from a plane ${at}`;
  if (residualMm < FLAT_BELOW) return { ...measured, relief: "flat", reason: `flat: ${away}` };
  return bulgeMm < BENT_BELOW
    ? { ...measured, relief: "flat", reason: `bent: straight or hollow in one direction ${at}` }
    : { ...measured, relief: "face", reason: away };
}

/** Undoes the perspective around the optical axis, so that a tilted plane is one again. */
function inSpace(sample: DepthSample, distance: number, axisX: number, axisY: number) {
  const scale = sample.z / distance;
  return { ...sample, x: (sample.x - axisX) * scale, y: (sample.y - axisY) * scale };
}

/** The depth inside an ellipse. */
interface Inside {
  /** Places inside it, whether their depth is known or not. */
  readonly places: number;
  /** Known distances in millimetres, with where they are: -1 to 1 across the ellipse. */
  readonly known: readonly { readonly x: number; readonly y: number; readonly z: number }[];
}

function ellipse(
  { width, height, millimetres }: DepthMap,
  centreX: number,
  centreY: number,
  radiusX: number,
  radiusY: number,
): Inside {
  const known: { x: number; y: number; z: number }[] = [];
  let places = 0;
  // At most about 80×80 places, so that a near face costs no more than a far one.
  const step = Math.max(1, Math.floor(Math.min(radiusX, radiusY) / 40));
  for (let row = Math.ceil(centreY - radiusY); row <= centreY + radiusY; row += step) {
    const y = (row - centreY) / radiusY;
    for (let column = Math.ceil(centreX - radiusX); column <= centreX + radiusX; column += step) {
      const x = (column - centreX) / radiusX;
      if (x * x + y * y > 1) continue;
      places++;
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      const z = millimetres[row * width + column] as number;
      if (z > 0) known.push({ x, y, z });
    }
  }
  return { places, known };
}

function cellsOf({ places, known }: Inside, median: number) {
  const near = known.filter(({ z }) => Math.abs(z - median) <= CUT);
  const sums = new Map<number, { x: number; y: number; z: number; count: number }>();
  for (const { x, y, z } of near) {
    const column = Math.min(CELLS - 1, Math.floor(((x + 1) / 2) * CELLS));
    const row = Math.min(CELLS - 1, Math.floor(((y + 1) / 2) * CELLS));
    const cell = row * CELLS + column;
    const sum = sums.get(cell) ?? { x: 0, y: 0, z: 0, count: 0 };
    sums.set(cell, { x: sum.x + x, y: sum.y + y, z: sum.z + z, count: sum.count + 1 });
  }
  const samples = [...sums.values()].map(({ x, y, z, count }): DepthSample => ({
    x: x / count,
    y: y / count,
    z: z / count,
    weight: count,
  }));
  return { samples, share: near.length / Math.max(1, places) };
}

function medianOf(known: Inside["known"]): number | null {
  if (known.length === 0) return null;
  const sorted = Uint16Array.from(known, ({ z }) => z).sort();
  return sorted[sorted.length >> 1] as number;
}
