import { random, type Random } from "@mien/format";
import { focalLengthOf, type CameraParameters } from "../kinect/camera-parameters.ts";
import { NO_DEPTH, rawOfMillimetres } from "../kinect/raw-depth.ts";
import { HEIGHT, WIDTH } from "../kinect/picture-size.ts";
import type { View } from "./render.ts";

/** A Kinect measures nothing nearer than this, in metres. */
const BLIND = 0.45;
/** Standard deviation of raw depth; in metres, this noise grows with the square of the distance. */
const RAW_NOISE = 0.5;
/** Shares of pixels without depth, 0–1: on hair, and elsewhere. */
const HAIR_DROPOUT = 0.3;
const DROPOUT = 0.002;
/** Number of columns at the edge that never have depth. */
const DEAD_COLUMNS = 8;

/**
 * A cheap source of normal noise: one table that is read from a different place each time.
 *
 * @param keys seed the table.
 * @returns the noise at a place, with a standard deviation of 1.
 */
export function noiseTable(...keys: (number | string)[]): (at: number) => number {
  const stream = random("noise", ...keys);
  const table = Float32Array.from({ length: NOISE_SIZE }, () => stream.normal());
  return (at) => table[at & (NOISE_SIZE - 1)] ?? 0;
}
const NOISE_SIZE = 1 << 16;

/**
 * Simulates the measurement of a Kinect's depth camera: disparity in whole steps, with noise,
 * dropouts, and shadows beside near objects, where the projector's light does not reach.
 *
 * @param senses.noise from `noiseTable`.
 * @param senses.chance decides about dropouts.
 * @returns raw depth, uint16 [HEIGHT, WIDTH].
 */
export function senseDepth(
  view: View,
  cameraParameters: CameraParameters,
  { noise, chance }: { noise: (at: number) => number; chance: Random },
): Uint16Array {
  const focalLength = focalLengthOf(cameraParameters.zeroPlane);
  const baseline = cameraParameters.zeroPlane.emitterDistance / 100;
  const raw = new Uint16Array(WIDTH * HEIGHT).fill(NO_DEPTH);
  const start = chance.integer(NOISE_SIZE);
  for (let row = 0; row < HEIGHT; row++) {
    // The projector lights the line from the side, so that near objects cast shadows on the pixels
    // after them.
    let reached = -Infinity;
    for (let column = 0; column < WIDTH; column++) {
      const at = row * WIDTH + column;
      const z = view.depth[at] ?? 0;
      const seen = column + (focalLength * baseline) / z;
      const isShadow = seen < reached - 0.5;
      reached = Math.max(reached, seen);
      if (isShadow || z < BLIND || column < DEAD_COLUMNS) continue;
      const dropout = isDark(view, at) ? HAIR_DROPOUT : DROPOUT;
      if (chance.uniform() < dropout) continue;
      const value = rawOfMillimetres(z * 1000, cameraParameters) + RAW_NOISE * noise(start + at);
      raw[at] = Math.max(0, Math.min(NO_DEPTH - 1, Math.round(value)));
    }
  }
  return raw;
}

/** Whether the object at a pixel reflects hardly any infrared light there. */
function isDark({ camera, objects, object, depth }: View, at: number): boolean {
  const thing = objects[object[at] ?? -1];
  if (thing === undefined) return false;
  const scale = (depth[at] ?? 0) / camera.focalLength;
  const x = ((at % WIDTH) - camera.centre[0]) * scale - camera.left;
  const y = (Math.floor(at / WIDTH) - camera.centre[1]) * scale;
  return thing.isDark(x, y);
}
