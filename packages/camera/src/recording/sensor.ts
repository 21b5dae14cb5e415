import { random, type Random } from "@mien/format";
import { focalLengthOf, type Calibration } from "../kinect/camera-parameters.ts";
import { NO_DEPTH, rawOfMillimetres } from "../kinect/raw-depth.ts";
import { HEIGHT, WIDTH } from "../kinect/registration.ts";
import type { SceneObject } from "./objects.ts";
import type { View } from "./render.ts";

/** A Kinect is blind nearer than this, in metres. */
const BLIND = 0.45;
/** Standard deviation of raw depth, which makes noise that grows with the square of distance. */
const RAW_NOISE = 0.5;
/** Shares of pixels that get no depth, on hair and elsewhere. */
const HAIR_DROPOUT = 0.3;
const DROPOUT = 0.002;
/** Columns at the edge that never get any. */
const DEAD_COLUMNS = 8;

/** Normal noise that costs little: one table, read from a different place each time. */
export function noiseTable(...keys: (number | string)[]): (at: number) => number {
  const stream = random("noise", ...keys);
  const table = Float32Array.from({ length: NOISE_SIZE }, () => stream.normal());
  return (at) => table[at & (NOISE_SIZE - 1)] as number;
}
const NOISE_SIZE = 1 << 16;

/**
 * What a Kinect's depth camera reports of a view: disparity in whole steps with noise, shadows beside
 * near things where the projector's light does not reach, and dropouts.
 *
 * @returns raw depth, uint16 [HEIGHT, WIDTH].
 */
export function senseDepth(
  view: View,
  objects: readonly SceneObject[],
  calibration: Calibration,
  { noise, chance }: { noise: (at: number) => number; chance: Random },
): Uint16Array {
  const focalLength = focalLengthOf(calibration.zeroPlane);
  const baseline = calibration.zeroPlane.emitterDistance / 100;
  const raw = new Uint16Array(WIDTH * HEIGHT).fill(NO_DEPTH);
  const start = chance.integer(NOISE_SIZE);
  for (let row = 0; row < HEIGHT; row++) {
    // As the projector sees the line from its side, what was passed already hides what follows.
    let reached = -Infinity;
    for (let column = 0; column < WIDTH; column++) {
      const at = row * WIDTH + column;
      const z = view.depth[at] as number;
      const seen = column + (focalLength * baseline) / z;
      const isShadow = seen < reached - 0.5;
      reached = Math.max(reached, seen);
      if (isShadow || z < BLIND || column < DEAD_COLUMNS) continue;
      const dropout = isDark(view, objects, at) ? HAIR_DROPOUT : DROPOUT;
      if (chance.uniform() < dropout) continue;
      const value = rawOfMillimetres(z * 1000, calibration) + RAW_NOISE * noise(start + at);
      raw[at] = Math.max(0, Math.min(NO_DEPTH - 1, Math.round(value)));
    }
  }
  return raw;
}

function isDark({ camera, object, depth }: View, objects: readonly SceneObject[], at: number) {
  const thing = objects[object[at] as number];
  if (thing === undefined) return false;
  const scale = (depth[at] as number) / camera.focalLength;
  const x = ((at % WIDTH) - camera.centre[0]) * scale - camera.left;
  const y = (Math.floor(at / WIDTH) - camera.centre[1]) * scale;
  return thing.isDark(x, y);
}
