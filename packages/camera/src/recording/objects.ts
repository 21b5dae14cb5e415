import { FACE, type FaceTexture } from "./face-textures.ts";

/**
 * An object in front of the camera, as a surface over the plane of x and y. All lengths are in metres,
 * in the colour camera's coordinates: x to the right, y down, z away from the camera.
 */
export interface SceneObject {
  /** [left, top, right, bottom] of a rectangle around it. */
  readonly bounds: readonly [number, number, number, number];
  /** Smallest distance of its surface. */
  readonly nearest: number;
  /** Whether it covers a place. */
  covers(x: number, y: number): boolean;
  /**
   * Distance of the surface at a place; outside the object, the distance of its edge or
   * continuation.
   */
  depth(x: number, y: number): number;
  /** Writes the colour at a place into `out`, as RGB 0–255. */
  colour(x: number, y: number, out: Float64Array): void;
  /** Whether a place reflects hardly any infrared light, as dark hair does. */
  isDark(x: number, y: number): boolean;
}

/** Place, in metres, and rotation of an object. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  /** Distance of its middle. */
  readonly z: number;
  /** Rotation to the side and upwards, in radians. */
  readonly yaw: number;
  readonly pitch: number;
}

/** Semi-axes of a head, and the size of its nose, in metres. */
const HEAD = { width: 0.085, height: 0.12, depth: 0.095 } as const;
const NOSE = { height: 0.02, width: 0.014, length: 0.03 } as const;
/** Above this y from the middle of the head, in metres, there is hair. */
const HAIRLINE = -0.075;

/** A head: half an ellipsoid with a nose. `z` of its pose is the ellipsoid's nearest point. */
export function head(pose: Pose, texture: FaceTexture): SceneObject {
  const slopeX = Math.tan(pose.yaw);
  const slopeY = Math.tan(pose.pitch);
  const nearest = pose.z - NOSE.height - HEAD.width * (Math.abs(slopeX) + Math.abs(slopeY));
  return {
    bounds: around(pose, HEAD.width, HEAD.height),
    nearest,
    covers: (x, y) => insideEllipse(x - pose.x, y - pose.y, HEAD) > 0,
    depth(worldX, worldY) {
      const x = worldX - pose.x;
      const y = worldY - pose.y;
      const inside = Math.max(0, insideEllipse(x, y, HEAD));
      const nose = Math.exp(-((x / NOSE.width) ** 2) - ((y - FACE.below) / NOSE.length) ** 2);
      return (
        pose.z +
        (HEAD.depth * (1 - Math.sqrt(inside)) - NOSE.height * nose) +
        (slopeX * x + slopeY * y)
      );
    },
    colour: (x, y, out) => sample(texture, { x: x - pose.x, y: y - pose.y }, out),
    isDark: (_, y) => y - pose.y < HAIRLINE,
  };
}

/** A plain ellipsoid, for neck and shoulders. */
export function body(
  pose: Pose,
  size: { readonly width: number; readonly height: number; readonly depth: number },
  colour: readonly [number, number, number],
): SceneObject {
  return {
    bounds: around(pose, size.width, size.height),
    nearest: pose.z,
    covers: (x, y) => insideEllipse(x - pose.x, y - pose.y, size) > 0,
    depth(x, y) {
      const inside = Math.max(0, insideEllipse(x - pose.x, y - pose.y, size));
      return pose.z + size.depth * (1 - Math.sqrt(inside));
    },
    colour: (_x, _y, out) => out.set(colour),
    isDark: () => false,
  };
}

/** Half the width and half the height of a print, and its white margin, in metres. */
const PRINT = { width: 0.12, height: 0.15, margin: 0.01 } as const;
/** The distance from the middle at which a bend is measured, in metres. */
const BEND_WIDTH = FACE.width / 2;

/**
 * A printed photograph that is held up, with a face in life size.
 *
 * @param bend by how much the paper curves back at the edge of the face, in metres; 0 is flat.
 */
export function print(pose: Pose, texture: FaceTexture, bend: number): SceneObject {
  const slopeX = Math.tan(pose.yaw);
  const slopeY = Math.tan(pose.pitch);
  const stretchX = Math.cos(pose.yaw);
  const stretchY = Math.cos(pose.pitch);
  const halfWidth = PRINT.width * stretchX;
  const halfHeight = PRINT.height * stretchY;
  return {
    bounds: around(pose, halfWidth, halfHeight),
    nearest: pose.z - halfWidth * Math.abs(slopeX) - halfHeight * Math.abs(slopeY),
    covers: (x, y) => Math.abs(x - pose.x) < halfWidth && Math.abs(y - pose.y) < halfHeight,
    depth(worldX, worldY) {
      const x = worldX - pose.x;
      const y = worldY - pose.y;
      return pose.z + slopeX * x + slopeY * y + bend * (x / BEND_WIDTH) ** 2;
    },
    colour(worldX, worldY, out) {
      const x = (worldX - pose.x) / stretchX;
      const y = (worldY - pose.y) / stretchY;
      const isMargin =
        Math.abs(x) > PRINT.width - PRINT.margin || Math.abs(y) > PRINT.height - PRINT.margin;
      if (isMargin) out.fill(245);
      else sample(texture, { x, y }, out);
    },
    isDark: () => false,
  };
}

/** 1 in the middle of an ellipse, 0 on its edge, negative outside. */
function insideEllipse(x: number, y: number, axes: { width: number; height: number }): number {
  return 1 - (x / axes.width) ** 2 - (y / axes.height) ** 2;
}

function around({ x, y }: Pose, width: number, height: number): SceneObject["bounds"] {
  return [x - width, y - height, x + width, y + height];
}

/** Samples a texture bilinearly; `x` and `y` in metres from the middle of the head. Outside it is grey. */
function sample(
  { width, height, pixels, box }: FaceTexture,
  { x, y }: { readonly x: number; readonly y: number },
  out: Float64Array,
): void {
  const column = box[0] + box[2] / 2 + (x / FACE.width) * box[2];
  const row = box[1] + box[3] / 2 + ((y - FACE.below) / FACE.height) * box[3];
  if (column < 0 || row < 0 || column >= width - 1 || row >= height - 1) {
    out.fill(120);
    return;
  }
  const left = Math.floor(column);
  const top = Math.floor(row);
  const right = column - left;
  const down = row - top;
  const at = 3 * (top * width + left);
  const below = at + 3 * width;
  for (let c = 0; c < 3; c++) {
    const upper = (pixels[at + c] ?? 0) * (1 - right) + (pixels[at + 3 + c] ?? 0) * right;
    const lower = (pixels[below + c] ?? 0) * (1 - right) + (pixels[below + 3 + c] ?? 0) * right;
    out[c] = upper * (1 - down) + lower * down;
  }
}
