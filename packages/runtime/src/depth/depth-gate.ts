import type { DepthMap, FaceResult } from "@mien/format";
import type { Box } from "../image/box.ts";
import { planeResidual, type DepthSample } from "./plane-fit.ts";
import { smallestBulge } from "./quadric-fit.ts";

/** What the depth image shows inside the box of a face. */
export interface Relief {
  /** Median distance from the camera inside the box, in millimetres; null where no depth is known. */
  readonly distanceMm: number | null;
  /** `face` for a head, `flat` for a photograph of a face, `unknown` if the depth does not decide. */
  readonly relief: FaceResult["relief"];
  /** Width of the box at that distance, in millimetres; null where no depth is known. */
  readonly widthMm: number | null;
  /** Root mean square distance from the best plane, in millimetres; null where it is not measured. */
  readonly residualMm: number | null;
  /**
   * By how much the edge of the inner ellipse is farther from the camera than its middle, in the
   * direction in which this is least, in millimetres; null where it is not measured.
   */
  readonly bulgeMm: number | null;
  /** The reason for `relief`, in words. */
  readonly reason: string;
}

/** The limits of the depth gate. docs/runtime.md gives the values of real faces and pictures. */
export const DEPTH_GATE = {
  /** Narrowest face, in millimetres. Boxes are narrower than heads, and differ by detector. */
  minFaceWidthMm: 80,
  /** Widest face, in millimetres. */
  maxFaceWidthMm: 320,
  /**
   * Depth that differs from the median by more than this does not belong to the face, in
   * millimetres.
   */
  maxDepthFromMedianMm: 130,
  /** Smallest share of the inner ellipse that must have a known depth near the median. */
  minKnownShare: 0.35,
  /** Distance beyond which depth is too coarse for a decision, in millimetres. */
  maxDistanceMm: 2500,
  /**
   * A surface whose distance from the best plane is below this is a flat photograph, in millimetres.
   */
  minResidualMm: 4,
  /** A surface whose bulge is below this is a bent photograph, in millimetres. */
  minBulgeMm: 6,
} as const;

/** Size of the inner ellipse in relation to the box; nearer the edge there is hair and background. */
const INNER_SHARE = 0.8;
/** Rows and columns of cells whose mean depths are fitted: means have less noise than single values. */
const CELLS = 9;
/** Approximate number of places that are read along each radius of the ellipse, near or far. */
const PLACES_PER_RADIUS = 40;

/**
 * Distinguishes a head from a photograph of a face by the depth inside the box.
 *
 * The box must be as wide as a face at its distance. Inside the inner ellipse of the box, without
 * the background, the surface must differ from a plane, and must curve away from the camera in
 * every direction. A bent sheet of paper does so in one direction at most. Beyond 2.5 m, or where too
 * little depth is known, the answer is `unknown`. The limits are in `DEPTH_GATE`.
 *
 * @param box in pixels of the frame, close around the face: chin to forehead, cheek to cheek.
 * @param frame size in pixels of the picture that the box refers to.
 * @example
 * const { relief, distanceMm, reason } = measureRelief(frame.depth, face.box, frame);
 * if (relief === "flat") console.log(`a photograph of a face, ${reason}`);
 */
export function measureRelief(
  depth: DepthMap,
  box: Box,
  frame: { readonly width: number; readonly height: number },
): Relief {
  const ellipse = innerEllipse(depth, box, frame);
  const region = readEllipse(depth, ellipse);
  const distanceMm = medianDistance(region.known);
  if (distanceMm === null) {
    const nothing = { distanceMm, widthMm: null, residualMm: null, bulgeMm: null };
    return { ...nothing, relief: "unknown", reason: "no depth is known there" };
  }
  const at = `at ${(distanceMm / 1000).toFixed(2)} m`;
  const boxWidth = (2 * ellipse.radiusX) / INNER_SHARE;
  const widthMm = (boxWidth * distanceMm) / depth.focalLength;
  const known = { distanceMm, widthMm, residualMm: null, bulgeMm: null };
  if (widthMm < DEPTH_GATE.minFaceWidthMm || widthMm > DEPTH_GATE.maxFaceWidthMm) {
    const reason = `size: ${Math.round(widthMm)} mm wide ${at}`;
    return { ...known, relief: "flat", reason };
  }
  const { samples, share } = meanDepths(region, distanceMm);
  const residualMm = planeResidual(samples);
  const bulgeMm = smallestBulge(withoutPerspective(samples, distanceMm, { depth, ellipse }));
  const isMeasured = Number.isFinite(residualMm) && Number.isFinite(bulgeMm);
  if (distanceMm > DEPTH_GATE.maxDistanceMm || share < DEPTH_GATE.minKnownShare || !isMeasured) {
    return { ...known, relief: "unknown", reason: `too little depth is known ${at}` };
  }
  const measured = { ...known, residualMm, bulgeMm };
  const residual = `${residualMm.toFixed(1)} mm from a plane ${at}`;
  if (residualMm < DEPTH_GATE.minResidualMm) {
    return { ...measured, relief: "flat", reason: `flat: ${residual}` };
  }
  return bulgeMm < DEPTH_GATE.minBulgeMm
    ? { ...measured, relief: "flat", reason: `bent: straight or hollow in one direction ${at}` }
    : { ...measured, relief: "face", reason: residual };
}

/** The inner ellipse of a box, in pixels of the depth image. */
interface Ellipse {
  readonly centreX: number;
  readonly centreY: number;
  readonly radiusX: number;
  readonly radiusY: number;
}

function innerEllipse(
  depth: DepthMap,
  [x, y, width, height]: Box,
  frame: { readonly width: number; readonly height: number },
): Ellipse {
  const scaleX = depth.width / frame.width;
  const scaleY = depth.height / frame.height;
  return {
    centreX: (x + width / 2) * scaleX,
    centreY: (y + height / 2) * scaleY,
    radiusX: (INNER_SHARE / 2) * width * scaleX,
    radiusY: (INNER_SHARE / 2) * height * scaleY,
  };
}

/**
 * Undoes the perspective around the optical axis, so that the samples of a tilted plane are in one
 * plane again.
 */
function withoutPerspective(
  samples: readonly DepthSample[],
  distanceMm: number,
  { depth, ellipse }: { readonly depth: DepthMap; readonly ellipse: Ellipse },
): DepthSample[] {
  const axisX = (depth.width / 2 - ellipse.centreX) / ellipse.radiusX;
  const axisY = (depth.height / 2 - ellipse.centreY) / ellipse.radiusY;
  return samples.map((sample) => {
    const scale = sample.z / distanceMm;
    return { ...sample, x: (sample.x - axisX) * scale, y: (sample.y - axisY) * scale };
  });
}

/** The depth inside an ellipse. */
interface EllipseDepth {
  /** Number of places that were read, whether their depth is known or not. */
  readonly places: number;
  /** Known distances in millimetres; x and y are −1 to 1 across the ellipse. */
  readonly known: readonly { readonly x: number; readonly y: number; readonly z: number }[];
}

function readEllipse(
  { width, height, millimetres }: DepthMap,
  { centreX, centreY, radiusX, radiusY }: Ellipse,
): EllipseDepth {
  const known: { x: number; y: number; z: number }[] = [];
  let places = 0;
  const step = Math.max(1, Math.floor(Math.min(radiusX, radiusY) / PLACES_PER_RADIUS));
  for (let row = Math.ceil(centreY - radiusY); row <= centreY + radiusY; row += step) {
    const y = (row - centreY) / radiusY;
    for (let column = Math.ceil(centreX - radiusX); column <= centreX + radiusX; column += step) {
      const x = (column - centreX) / radiusX;
      if (x * x + y * y > 1) continue;
      places++;
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      const z = millimetres[row * width + column] ?? 0;
      if (z > 0) known.push({ x, y, z });
    }
  }
  return { places, known };
}

/**
 * The mean depth in each cell of a grid, without the values that are too far from the median.
 *
 * @returns the samples, and the share of the ellipse that they come from.
 */
function meanDepths({ places, known }: EllipseDepth, medianMm: number) {
  const near = known.filter(({ z }) => Math.abs(z - medianMm) <= DEPTH_GATE.maxDepthFromMedianMm);
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

function medianDistance(known: EllipseDepth["known"]): number | null {
  const sorted = Uint16Array.from(known, ({ z }) => z).sort();
  return sorted[sorted.length >> 1] ?? null;
}
