/** The depth at one place of an image. */
export interface DepthSample {
  readonly x: number;
  readonly y: number;
  /** Distance in millimetres, above 0. */
  readonly z: number;
  /** Weight in least-squares fits. */
  readonly weight: number;
}

/**
 * How far samples are from the plane that fits them best.
 *
 * In the image of a plane, 1/z is linear in x and y whatever the plane's tilt. Therefore 1/z is
 * fitted, by weighted least squares.
 *
 * @returns the root mean square difference in millimetres; Infinity if there are fewer than 6
 * samples, or they are all on one line.
 */
export function planeResidual(samples: readonly DepthSample[]): number {
  if (samples.length < 6) return Infinity;
  let total = 0;
  let meanX = 0;
  let meanY = 0;
  let meanD = 0;
  for (const { x, y, z, weight } of samples) {
    total += weight;
    meanX += weight * x;
    meanY += weight * y;
    meanD += weight / z;
  }
  meanX /= total;
  meanY /= total;
  meanD /= total;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let xd = 0;
  let yd = 0;
  for (const { x, y, z, weight } of samples) {
    const dx = x - meanX;
    const dy = y - meanY;
    const dd = 1 / z - meanD;
    xx += weight * dx * dx;
    xy += weight * dx * dy;
    yy += weight * dy * dy;
    xd += weight * dx * dd;
    yd += weight * dy * dd;
  }
  const determinant = xx * yy - xy * xy;
  if (!(determinant > 1e-9 * xx * yy)) return Infinity;
  const slopeX = (xd * yy - yd * xy) / determinant;
  const slopeY = (yd * xx - xd * xy) / determinant;
  let squares = 0;
  for (const { x, y, z, weight } of samples) {
    const onPlane = 1 / (meanD + slopeX * (x - meanX) + slopeY * (y - meanY));
    squares += weight * (z - onPlane) ** 2;
  }
  return Math.sqrt(squares / total);
}
