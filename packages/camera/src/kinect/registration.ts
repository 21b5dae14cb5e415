import type { DepthMap } from "@mien/format";
import { focalLengthOf, SENSOR_PIXELS, type Calibration } from "./camera-parameters.ts";
import { unzeroed } from "../unzeroed.ts";
import { FARTHEST, millimetresOfRaw, RAW_VALUES } from "./raw-depth.ts";

export const WIDTH = 640;
export const HEIGHT = 480;

/** Whole pixels are counted in 256ths. */
const FRACTIONS = 256;
/** Between the two cameras' pictures, in pixels. */
const OFFSET = 1;
const SHIFT_OFFSET = 0.375;
const OUTSIDE = -1e9;

/**
 * Where each pixel of the depth camera falls in the colour camera's picture, before the shift that
 * depends on the distance.
 */
export interface LensTable {
  /** Column in 256ths of a pixel, int32 [HEIGHT, WIDTH]; far outside where there is none. */
  readonly x: Int32Array;
  /** Row, int32 [HEIGHT, WIDTH]. */
  readonly y: Int32Array;
}

/**
 * The lens correction that a Kinect keeps: for either axis a cubic polynomial in column and row,
 * told by its value, its differences of first and second order at the corner, and its constant
 * differences of third order, in fixed point. Equal to libfreenect's.
 */
export function lensTable({ distortion }: Calibration): LensTable {
  const dx = cubic(distortion, "x");
  const dy = cubic(distortion, "y");
  const x = new Int32Array(WIDTH * HEIGHT);
  const y = new Int32Array(WIDTH * HEIGHT);
  for (let row = 0, at = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++, at++) {
      const toX = column + (dx[at] as number) + OFFSET;
      const toY = row + (dy[at] as number) + OFFSET;
      const isInside = toX >= 0 && toY >= 0 && toX < WIDTH && toY < HEIGHT;
      x[at] = isInside ? Math.trunc(toX * FRACTIONS) : OUTSIDE;
      y[at] = Math.trunc(toY);
    }
  }
  return { x, y };
}

/** Displacement along one axis, in pixels [HEIGHT, WIDTH]. */
function cubic(distortion: Calibration["distortion"], axis: "x" | "y"): Float64Array {
  const get = (name: string) => distortion[name] ?? 0;
  // Values of fewer bits stand in the low bits of a 32-bit word: shifting up and down extends their
  // sign and scales them.
  const first = (name: string) => (get(name) << 11) >> 3;
  const second = (name: string) => (get(name) << 5) << 3;
  let value = (get(`d${axis}_start`) << 13) >> 4;
  let byColumn = first(`dxd${axis}_start`);
  let byRow = first(`dyd${axis}_start`);
  let byColumnTwice = second(`dxdxd${axis}_start`);
  let byBoth = second(`dydxd${axis}_start`);
  let byRowTwice = second(`dydyd${axis}_start`);
  const [columns3, rows3, columns2row, columnRows2] = ["a", "b", "c", "d"].map((letter) =>
    get(letter + axis),
  ) as [number, number, number, number];
  const table = new Float64Array(WIDTH * HEIGHT);
  for (let row = 0, at = 0; row < HEIGHT; row++) {
    byColumnTwice += columns2row;
    byColumn += Math.floor(byBoth / 256);
    byBoth += columnRows2;
    value += Math.floor(byRow / 64);
    byRow += Math.floor(byRowTwice / 256);
    byRowTwice += rows3;
    let [here, slope, curve] = [value, byColumn, byColumnTwice];
    for (let column = 0; column < WIDTH; column++, at++) {
      table[at] = here / 2 ** 17;
      here += Math.floor(slope / 64);
      slope += Math.floor(curve / 256);
      curve += columns3;
    }
  }
  return table;
}

/**
 * How far to the side the colour camera sees what is at a distance, in 256ths of a pixel.
 *
 * @returns int32 [FARTHEST], by millimetres.
 */
export function parallax({ zeroPlane }: Calibration): Int32Array {
  const { colourDistance, referenceDistance, referencePixelSize } = zeroPlane;
  const pixels = colourDistance / (SENSOR_PIXELS * referencePixelSize);
  const table = new Int32Array(FARTHEST);
  for (let mm = 1; mm < FARTHEST; mm++) {
    table[mm] = Math.trunc(
      (pixels * (1 - (10 * referenceDistance) / mm) + SHIFT_OFFSET) * FRACTIONS,
    );
  }
  return table;
}

/**
 * What the innermost loop touches. There is one of each, not one for each Kinect, since the compiler
 * then knows where they lie: the loop takes a third of the time.
 */
const source = new Uint16Array(WIDTH * HEIGHT);
const places = new Int32Array(WIDTH * HEIGHT);
const shiftOf = new Int32Array(RAW_VALUES);
const orderOf = new Uint16Array(RAW_VALUES);
const canvas = new Uint16Array(3 * WIDTH * (HEIGHT + 1));
const MASK = RAW_VALUES - 1;
/** Whose tables are in `places`, `shiftOf` and `orderOf`. */
let owner: Calibration | undefined;

/** Puts the pixels of `source` from one number to another onto the canvas, the nearest uppermost. */
function placePixels(from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const value = (source[at] as number) & MASK;
    const order = orderOf[value] as number;
    const place = ((places[at] as number) + (shiftOf[value] as number)) >> 8;
    if ((((canvas[place] as number) - 1) & 0xffff) > order) canvas[place] = order + 1;
  }
}

/**
 * Makes the function that turns a Kinect's raw depth into depth as the colour camera sees it.
 *
 * Where two pixels fall on one place the nearer one counts; places that no pixel falls on are 0.
 *
 * @returns a function of raw depth, uint16 [480, 640], each value below 2048.
 */
export function createRegistration(calibration: Calibration): (raw: Uint16Array) => DepthMap {
  const focalLength = focalLengthOf(calibration.zeroPlane);
  const depths = millimetresOfRaw(calibration);
  // Less one, so that "none" is the farthest, and one comparison finds the nearer of two.
  const orders = depths.map((depth) => (depth - 1) & 0xffff);
  const outside = WIDTH * FRACTIONS;
  const shifts = parallax(calibration).map((shift) => Math.max(-outside, Math.min(outside, shift)));
  const rawShifts = Int32Array.from(depths, (depth) => shifts[depth] as number);
  // Margins take what is shifted out of the picture, a line below what the lens put outside.
  const margin = Math.min(WIDTH, Math.ceil(Math.max(...rawShifts.map(Math.abs)) / FRACTIONS) + 1);
  const stride = WIDTH + 2 * margin;
  const lens = lensTable(calibration);
  const starts = lens.x.map((x, at) => {
    const row = (lens.y[at] as number) - calibration.startLines;
    return x === OUTSIDE || row < 0
      ? (stride * HEIGHT + margin) * FRACTIONS
      : (stride * row + margin) * FRACTIONS + x;
  });
  return (raw) => {
    if (owner !== calibration) {
      places.set(starts);
      shiftOf.set(rawShifts);
      orderOf.set(orders);
      owner = calibration;
    }
    source.set(raw);
    canvas.fill(0, 0, stride * (HEIGHT + 1));
    // Line by line: a function that is called often is compiled for good, a long loop is not.
    for (let row = 0; row < HEIGHT; row++) placePixels(WIDTH * row, WIDTH * (row + 1));
    const millimetres = new Uint16Array(unzeroed(2 * WIDTH * HEIGHT).buffer);
    for (let row = 0; row < HEIGHT; row++) {
      const from = stride * row + margin;
      millimetres.set(canvas.subarray(from, from + WIDTH), WIDTH * row);
    }
    return { width: WIDTH, height: HEIGHT, millimetres, focalLength };
  };
}
