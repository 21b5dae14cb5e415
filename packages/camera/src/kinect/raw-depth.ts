import type { CameraParameters } from "./camera-parameters.ts";

/** Number of values of raw depth, which has 11 bits. */
export const RAW_VALUES = 2048;
/** The value of raw depth where the Kinect measures none. */
export const NO_DEPTH = 2047;
/** Depth beyond this is noise and counts as unknown, in millimetres. */
export const FARTHEST = 10_000;

/**
 * A table of the distance in millimetres for each value of raw depth; 0 for values without a distance.
 *
 * Raw depth is the disparity, in eighths of a pixel of the sensor, between the visible pattern and
 * the pattern that was recorded at the reference distance. The reciprocal of the distance is linear
 * in it. The table equals libfreenect's up to `FARTHEST`; beyond, it is 0.
 *
 * @returns uint16 [RAW_VALUES].
 */
export function millimetresOfRaw(cameraParameters: CameraParameters): Uint16Array {
  const { emitterDistance, referenceDistance, referencePixelSize } = cameraParameters.zeroPlane;
  const table = new Uint16Array(RAW_VALUES);
  for (let raw = 0; raw < NO_DEPTH; raw++) {
    const pixels = raw / 4 - cameraParameters.constShift - 0.375;
    const shift = pixels * referencePixelSize;
    if (shift >= emitterDistance) break;
    const centimetres = (shift * referenceDistance) / (emitterDistance - shift) + referenceDistance;
    if (10 * centimetres >= FARTHEST) break;
    table[raw] = Math.trunc(10 * centimetres);
  }
  return table;
}

/** The raw depth of a distance in millimetres, not rounded; the inverse of `millimetresOfRaw`. */
export function rawOfMillimetres(millimetres: number, cameraParameters: CameraParameters): number {
  const { emitterDistance, referenceDistance, referencePixelSize } = cameraParameters.zeroPlane;
  const shift = emitterDistance * (1 - (10 * referenceDistance) / millimetres);
  return 4 * (shift / referencePixelSize + cameraParameters.constShift + 0.375);
}
