import type { Calibration } from "./camera-parameters.ts";

/** A Kinect's raw depth has 11 bits. */
export const RAW_VALUES = 2048;
/** Raw depth where the Kinect sees none. */
export const NO_DEPTH = 2047;
/** What lies farther is noise, in millimetres. */
export const FARTHEST = 10_000;

/**
 * The distance that each raw depth stands for, in millimetres; 0 where it stands for none.
 *
 * Raw depth is disparity, in eighths of a pixel of the sensor, between the seen pattern and the one
 * learnt at the reference distance, so distance is linear in its reciprocal. Equal to libfreenect's
 * table up to `FARTHEST`; beyond it, 0.
 *
 * @returns uint16 [RAW_VALUES].
 */
export function millimetresOfRaw(calibration: Calibration): Uint16Array {
  const { emitterDistance, referenceDistance, referencePixelSize } = calibration.zeroPlane;
  const table = new Uint16Array(RAW_VALUES);
  for (let raw = 0; raw < NO_DEPTH; raw++) {
    const pixels = raw / 4 - calibration.constShift - 0.375;
    const shift = pixels * referencePixelSize;
    if (shift >= emitterDistance) break;
    const centimetres = (shift * referenceDistance) / (emitterDistance - shift) + referenceDistance;
    if (10 * centimetres >= FARTHEST) break;
    table[raw] = Math.trunc(10 * centimetres);
  }
  return table;
}

/** The raw depth that a Kinect reports for a distance in millimetres, with its fraction. */
export function rawOfMillimetres(millimetres: number, calibration: Calibration): number {
  const { emitterDistance, referenceDistance, referencePixelSize } = calibration.zeroPlane;
  const shift = emitterDistance * (1 - (10 * referenceDistance) / millimetres);
  return 4 * (shift / referencePixelSize + calibration.constShift + 0.375);
}
