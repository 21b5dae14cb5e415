import { SENSOR_PIXELS, type CameraParameters } from "./camera-parameters.ts";
import { HEIGHT, WIDTH } from "./picture-size.ts";
import { FARTHEST } from "./raw-depth.ts";

/** Steps per pixel in which places are counted. */
export const FRACTIONS = 256;
/** Constant offset between the pictures of the two cameras, along both axes, in pixels. */
const OFFSET = 1;
/** Constant part of the parallax in pixels, as in libfreenect. */
const SHIFT_OFFSET = 0.375;
/** The place of a pixel that the lens correction moves out of the picture. */
export const OUTSIDE = -1e9;

/**
 * The place in the colour camera's picture for each pixel of the depth camera, without the shift that
 * depends on the distance (`parallax`).
 */
interface LensTable {
  /** Column in 256ths of a pixel, int32 [HEIGHT, WIDTH]; `OUTSIDE` if there is none. */
  readonly x: Int32Array;
  /** Row in pixels, int32 [HEIGHT, WIDTH]. */
  readonly y: Int32Array;
}

/**
 * Computes the lens correction that a Kinect stores: for each axis, a cubic polynomial in column and
 * row, given by its value and its first and second differences at the corner, and its constant third
 * differences, in fixed point. Equal to libfreenect's table.
 */
export function lensTable({ distortion }: CameraParameters): LensTable {
  const dx = cubic(distortion, "x");
  const dy = cubic(distortion, "y");
  const x = new Int32Array(WIDTH * HEIGHT);
  const y = new Int32Array(WIDTH * HEIGHT);
  for (let row = 0, at = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++, at++) {
      const toX = column + (dx[at] ?? 0) + OFFSET;
      const toY = row + (dy[at] ?? 0) + OFFSET;
      const isInside = toX >= 0 && toY >= 0 && toX < WIDTH && toY < HEIGHT;
      x[at] = isInside ? Math.trunc(toX * FRACTIONS) : OUTSIDE;
      y[at] = Math.trunc(toY);
    }
  }
  return { x, y };
}

/** Displacement along one axis in pixels, float64 [HEIGHT, WIDTH]. */
function cubic(distortion: CameraParameters["distortion"], axis: "x" | "y"): Float64Array {
  const get = (name: string) => distortion[name] ?? 0;
  // A value of fewer bits is in the low bits of a 32-bit word: shifting left and right extends its sign
  // and scales it.
  const first = (name: string) => (get(name) << 11) >> 3;
  const second = (name: string) => (get(name) << 5) << 3;
  let value = (get(`d${axis}_start`) << 13) >> 4;
  let byColumn = first(`dxd${axis}_start`);
  let byRow = first(`dyd${axis}_start`);
  let byColumnTwice = second(`dxdxd${axis}_start`);
  let byBoth = second(`dydxd${axis}_start`);
  let byRowTwice = second(`dydyd${axis}_start`);
  const columns3 = get(`a${axis}`);
  const rows3 = get(`b${axis}`);
  const columns2row = get(`c${axis}`);
  const columnRows2 = get(`d${axis}`);
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
 * The parallax between the two cameras: by how much a pixel moves sideways for each distance.
 *
 * @returns 256ths of a pixel, int32 [FARTHEST], indexed by the distance in millimetres.
 */
export function parallax({ zeroPlane }: CameraParameters): Int32Array {
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
