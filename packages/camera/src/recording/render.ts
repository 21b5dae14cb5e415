import { focalLengthOf, type CameraParameters } from "../kinect/camera-parameters.ts";
import { HEIGHT, WIDTH } from "../kinect/picture-size.ts";
import type { SceneObject } from "./objects.ts";

/** A pinhole camera that looks along z, displaced along x. */
export interface Camera {
  /** Focal length in pixels. */
  readonly focalLength: number;
  /** Column and row of the optical axis in pixels. */
  readonly centre: readonly [number, number];
  /** Distance to the left of the colour camera in metres. */
  readonly left: number;
  /** Distance of the wall in front of the camera, in metres; default 3. */
  readonly wall?: number;
}

/**
 * The two cameras of a Kinect without lens distortion. Registration maps the depth camera's pixels
 * onto the colour camera's.
 */
export function kinectCameras(cameraParameters: CameraParameters): {
  colour: Camera;
  depth: Camera;
} {
  const { colourDistance, referenceDistance } = cameraParameters.zeroPlane;
  const focalLength = focalLengthOf(cameraParameters.zeroPlane);
  const colour = { focalLength, centre: [WIDTH / 2, HEIGHT / 2] as const, left: 0 };
  // Registration moves a pixel by 1 along both axes, and by the parallax, which is 0.375 pixels at the
  // reference distance; it rounds down, on average by half a pixel.
  const toSide = 1 + 0.375 - 0.5 + (focalLength * colourDistance) / referenceDistance;
  const centre = [colour.centre[0] - toSide, colour.centre[1] - 1] as const;
  return { colour, depth: { focalLength, centre, left: colourDistance / 100 } };
}

/** The view of a camera. */
export interface View {
  readonly camera: Camera;
  readonly objects: readonly SceneObject[];
  /**
   * Distance along the optical axis in metres, float32 [HEIGHT, WIDTH]; a wall is behind all
   * objects.
   */
  readonly depth: Float32Array;
  /** Index of the visible object, int8 [HEIGHT, WIDTH]; -1 for the wall. */
  readonly object: Int8Array;
}

/** Distance of the wall in metres, where it is `wall` metres away in the middle of the picture. */
function wallDepth(wall: number, slopeX: number): number {
  return wall + 0.08 * (slopeX * wall);
}

/** Default distance of the wall in metres. */
const WALL = 3;
/** Precision of the distance in metres. */
const PRECISION = 1e-4;
/**
 * Largest number of iterations to reach PRECISION; enough for a print tilted by 30° at the edge of
 * the picture.
 */
const STEPS = 8;

/** Finds the nearest surface at every pixel. */
export function renderDepth(objects: readonly SceneObject[], camera: Camera): View {
  const { focalLength, centre, left, wall = WALL } = camera;
  const depth = new Float32Array(WIDTH * HEIGHT);
  const object = new Int8Array(WIDTH * HEIGHT).fill(-1);
  for (let column = 0; column < WIDTH; column++) {
    const z = wallDepth(wall, (column - centre[0]) / focalLength);
    for (let row = 0; row < HEIGHT; row++) depth[row * WIDTH + column] = z;
  }
  for (const [number, thing] of objects.entries()) {
    const { bounds, nearest } = thing;
    const scale = focalLength / nearest;
    const first = clamp(centre[0] + (bounds[0] + left) * scale - 2, WIDTH);
    const last = clamp(centre[0] + (bounds[2] + left) * scale + 2, WIDTH);
    const top = clamp(centre[1] + bounds[1] * scale - 2, HEIGHT);
    const bottom = clamp(centre[1] + bounds[3] * scale + 2, HEIGHT);
    for (let row = top; row < bottom; row++) {
      const slopeY = (row - centre[1]) / focalLength;
      for (let column = first; column < last; column++) {
        const slopeX = (column - centre[0]) / focalLength;
        // A fixed-point iteration for the distance at which the ray meets the surface.
        let z = nearest;
        for (let step = 0, moved = 1; step < STEPS && moved > PRECISION; step++) {
          const next = thing.depth(slopeX * z - left, slopeY * z);
          moved = Math.abs(next - z);
          z = next;
        }
        const at = row * WIDTH + column;
        if (z < (depth[at] ?? 0) && thing.covers(slopeX * z - left, slopeY * z)) {
          depth[at] = z;
          object[at] = number;
        }
      }
    }
  }
  return { camera, objects, depth, object };
}

/**
 * Renders the picture of the colour camera.
 *
 * @param noise added to the value at each place of the result.
 * @returns RGB, uint8 [HEIGHT, WIDTH, 3].
 */
export function renderColour(
  objects: readonly SceneObject[],
  camera: Camera,
  noise: (at: number) => number,
): Uint8Array {
  const { depth, object } = renderDepth(objects, camera);
  const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 3);
  const colour = new Float64Array(3);
  for (let row = 0, at = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++, at++) {
      const z = depth[at] ?? 0;
      const x = ((column - camera.centre[0]) / camera.focalLength) * z;
      const y = ((row - camera.centre[1]) / camera.focalLength) * z;
      const thing = objects[object[at] ?? -1];
      if (thing === undefined) wallColour(x, y, colour);
      else thing.colour(x, y, colour);
      for (let c = 0; c < 3; c++) pixels[3 * at + c] = (colour[c] ?? 0) + noise(3 * at + c);
    }
  }
  return new Uint8Array(pixels.buffer);
}

/**
 * The colour of the wall at a place. The wall has a pattern, so that texture does not distinguish
 * objects from the wall.
 */
function wallColour(x: number, y: number, out: Float64Array): void {
  const stripe = 8 * Math.sin(9 * x) * Math.sin(7 * y);
  out[0] = 150 + stripe - 12 * y;
  out[1] = 158 + stripe;
  out[2] = 150 + stripe + 8 * x;
}

function clamp(n: number, size: number): number {
  return Math.max(0, Math.min(size, Math.round(n)));
}
