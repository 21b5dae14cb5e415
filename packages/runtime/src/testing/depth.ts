import { random, type DepthMap } from "@mien/format";
import type { Box } from "../image/box.ts";

/** The object in front of the camera. */
export type Object3d = "head" | "flat" | "bent";

const WIDTH = 640;
const HEIGHT = 480;
const FOCAL = 576;

/** Kinect v1: from its 11-bit values to metres, and back. */
const metres = (raw: number) => 0.1236 * Math.tan(raw / 2842.5 + 1.1863);
const rawOf = (z: number) => 2842.5 * (Math.atan(z / 0.1236) - 1.1863);

/**
 * Synthesises the depth image of a head, or of a photograph of one, in front of a wall, as a Kinect
 * measures it: in steps of 3.07 mm·Z² (Z in metres), with noise of half a step.
 *
 * A head is an ellipsoid of 85×120×95 mm with a nose, turned by up to 15°. A photograph has the same
 * size and is tilted by up to 30° around both axes; a bent one also bows by 20 mm.
 *
 * @param z distance in metres.
 */
export function depthScene(
  object: Object3d,
  z: number,
  seed: number,
): { depth: DepthMap; box: Box } {
  const stream = random(seed, object, Math.round(z * 1000));
  const most = object === "head" ? 15 : 30;
  const tilt = () => Math.tan((stream.between(-most, most) * Math.PI) / 180);
  const [tiltX, tiltY] = [tilt(), tilt()];
  const bow = object === "bent" ? (stream.uniform() < 0.5 ? 0.02 : -0.02) : 0;
  const bowsDown = stream.uniform() < 0.5;
  const centreX = stream.between(250, 390);
  const centreY = stream.between(190, 290);
  const wall = z + 1.5;
  const millimetres = new Uint16Array(WIDTH * HEIGHT).fill(1000 * wall);
  // Only the object and a little around it; the rest of the wall has no noise.
  const reach = (0.17 * FOCAL) / z;
  for (let row = Math.max(0, Math.floor(centreY - reach)); row < HEIGHT; row++) {
    if (row > centreY + reach) break;
    for (let column = Math.max(0, Math.floor(centreX - reach)); column < WIDTH; column++) {
      if (column > centreX + reach) break;
      const x = ((column - centreX) * z) / FOCAL;
      const y = ((row - centreY) * z) / FOCAL;
      let distance = wall;
      if (object === "head") {
        const rest = 1 - (x / 0.085) ** 2 - (y / 0.12) ** 2;
        const nose = 0.02 * Math.exp(-((x / 0.014) ** 2) - ((y - 0.01) / 0.03) ** 2);
        if (rest > 0) {
          distance = z + 0.095 * (1 - Math.sqrt(rest)) - nose + (tiltX * x + tiltY * y) / 2;
        }
      } else if (Math.abs(x) < 0.11 && Math.abs(y) < 0.15) {
        distance = z + tiltX * x + tiltY * y + bow * ((bowsDown ? y : x) / 0.075) ** 2;
      }
      const raw = Math.round(rawOf(distance) + 0.5 * stream.normal());
      millimetres[row * WIDTH + column] = Math.round(1000 * metres(raw));
    }
  }
  const width = ((0.15 * FOCAL) / z) * stream.between(0.9, 1.1);
  const height = ((0.2 * FOCAL) / z) * stream.between(0.9, 1.1);
  const left = centreX - width / 2 + 0.04 * width * stream.normal();
  const top = centreY - height / 2 + 0.04 * height * stream.normal();
  const depth = { width: WIDTH, height: HEIGHT, millimetres, focalLength: FOCAL };
  return { depth, box: [left, top, width, height] };
}
