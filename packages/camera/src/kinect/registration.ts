import type { DepthMap } from "@mien/format";
import { unzeroed } from "../system/unzeroed-memory.ts";
import { focalLengthOf, type CameraParameters } from "./camera-parameters.ts";
import { HEIGHT, WIDTH } from "./picture-size.ts";
import { millimetresOfRaw, RAW_VALUES } from "./raw-depth.ts";
import { FRACTIONS, lensTable, OUTSIDE, parallax } from "./registration-tables.ts";

/**
 * The arrays of the innermost loop. All Kinects share them: because they are constants of the
 * module, the compiler knows their addresses, and the loop takes a third of the time.
 */
const source = new Uint16Array(WIDTH * HEIGHT);
const places = new Int32Array(WIDTH * HEIGHT);
const shiftOf = new Int32Array(RAW_VALUES);
const orderOf = new Uint16Array(RAW_VALUES);
const canvas = new Uint16Array(3 * WIDTH * (HEIGHT + 1));
const MASK = RAW_VALUES - 1;
/** The camera parameters whose tables are in `places`, `shiftOf` and `orderOf`. */
let owner: CameraParameters | undefined;

/** Writes the pixels `from` to `to` of `source` onto the canvas; the nearest wins. */
function placePixels(from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const value = (source[at] as number) & MASK;
    const order = orderOf[value] as number;
    const place = ((places[at] as number) + (shiftOf[value] as number)) >> 8;
    if ((((canvas[place] as number) - 1) & 0xffff) > order) canvas[place] = order + 1;
  }
}

/**
 * Makes the function that turns a Kinect's raw depth into a depth map of the colour camera.
 *
 * If two pixels are moved to one place, the nearer pixel counts; places without a pixel are 0.
 *
 * @returns a function of raw depth, uint16 [480, 640], with values below 2048.
 */
export function createRegistration(
  cameraParameters: CameraParameters,
): (raw: Uint16Array) => DepthMap {
  const focalLength = focalLengthOf(cameraParameters.zeroPlane);
  const depths = millimetresOfRaw(cameraParameters);
  // One less than the depth, so that 0 (no depth) becomes the largest value, and one comparison
  // finds the nearer pixel.
  const orders = depths.map((depth) => (depth - 1) & 0xffff);
  const outside = WIDTH * FRACTIONS;
  const shifts = parallax(cameraParameters).map((shift) =>
    Math.max(-outside, Math.min(outside, shift)),
  );
  const rawShifts = Int32Array.from(depths, (depth) => shifts[depth] ?? 0);
  // The margins receive the pixels that are shifted out of the picture; the line below receives the
  // pixels that the lens correction moved out of it.
  const margin = Math.min(WIDTH, Math.ceil(Math.max(...rawShifts.map(Math.abs)) / FRACTIONS) + 1);
  const stride = WIDTH + 2 * margin;
  const lens = lensTable(cameraParameters);
  const starts = lens.x.map((x, at) => {
    const row = (lens.y[at] ?? 0) - cameraParameters.startLines;
    return x === OUTSIDE || row < 0
      ? (stride * HEIGHT + margin) * FRACTIONS
      : (stride * row + margin) * FRACTIONS + x;
  });
  return (raw) => {
    if (owner !== cameraParameters) {
      places.set(starts);
      shiftOf.set(rawShifts);
      orderOf.set(orders);
      owner = cameraParameters;
    }
    source.set(raw);
    canvas.fill(0, 0, stride * (HEIGHT + 1));
    // One call per line, since a function that is called often is optimised fully; one long loop is
    // not.
    for (let row = 0; row < HEIGHT; row++) placePixels(WIDTH * row, WIDTH * (row + 1));
    const millimetres = new Uint16Array(unzeroed(2 * WIDTH * HEIGHT).buffer);
    for (let row = 0; row < HEIGHT; row++) {
      const from = stride * row + margin;
      millimetres.set(canvas.subarray(from, from + WIDTH), WIDTH * row);
    }
    return { width: WIDTH, height: HEIGHT, millimetres, focalLength };
  };
}
