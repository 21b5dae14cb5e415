import type { Mask, Raster } from "./raster.ts";
import type { Point } from "./shapes.ts";
import type { Light, Pose, Traits } from "./traits.ts";

/**
 * Projects a point of the face into the picture. Face coordinates: x to the right (of the picture), y
 * down, half the head's width as unit, the origin between eyes and nose.
 *
 * @param lift distance of the point from the head's ellipsoid, e.g. for the tip of the nose.
 */
export type Projection = (x: number, y: number, lift?: number) => Point;

/** The projection of features that lie on the front of a head. */
export function projectionOf(traits: Traits, pose: Pose): Projection {
  const [sinYaw, cosYaw] = [Math.sin(pose.yaw), Math.cos(pose.yaw)];
  const [sinPitch, cosPitch] = [Math.sin(pose.pitch), Math.cos(pose.pitch)];
  const place = placement(pose);
  return (x, y, lift = 0) => {
    const z = 0.95 * Math.sqrt(Math.max(0, 1 - (x / 1.15) ** 2 - (y / 1.6) ** 2)) + lift;
    const turnedX = x * cosYaw + z * sinYaw;
    const turnedZ = z * cosYaw - x * sinYaw;
    const turnedY = y * cosPitch + turnedZ * sinPitch;
    return place(turnedX * traits.headWidth, turnedY * traits.headHeight);
  };
}

/** Maps the plane of the head's outline to the picture: roll, scale and translation. */
function placement(pose: Pose): (x: number, y: number) => Point {
  const [sin, cos] = [Math.sin(pose.roll), Math.cos(pose.roll)];
  const { scale, centre } = pose;
  return (x, y) => [
    centre[0] + scale * (x * cos - y * sin),
    centre[1] + scale * (x * sin + y * cos),
  ];
}

/** Upper and lower end of a head's outline, in half widths. */
const CROWN = -1.32;
const CHIN = 1.22;

/**
 * Draws neck, hair and the bare head, lit.
 *
 * @param jaw distance of the chin below its position at rest, in half widths.
 * @returns masks of the skin of the head and of the area where hair may be drawn.
 */
export function paintHead(
  raster: Raster,
  { traits, pose, light }: { traits: Traits; pose: Pose; light: Light },
  jaw: number,
): { skin: Mask; hair: Mask } {
  const place = placement(pose);
  const outline = (grow: number, chin: number) =>
    ring(40, (angle) => {
      const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
      const below = Math.max(0, sin);
      const x = grow * cos * (1 - traits.chinTaper * below * below) * traits.headWidth;
      const y = (sin < 0 ? -CROWN * grow : chin) * sin * traits.headHeight;
      return place(x, y);
    });
  const shadow = traits.skin * 0.55;
  raster.fill([place(-0.55, 0.7), place(0.55, 0.7), place(0.75, 3), place(-0.75, 3)], {
    value: shadow,
  });
  raster.fill([place(-0.6, 1.9), place(0.6, 1.9), place(2.6, 3.4), place(-2.6, 3.4)], {
    value: 0.7 - traits.hair,
    soft: 2,
  });
  const hair = raster.mask(outline(traits.hairVolume, 1), 1.5);
  raster.shade(() => traits.hair, hair);
  for (const side of [-1, 1]) {
    const ear = ring(12, (angle) =>
      place(
        side * 0.99 * traits.headWidth - 0.5 * pose.yaw * 0.3 + 0.13 * Math.cos(angle),
        0.02 + 0.24 * Math.sin(angle),
      ),
    );
    raster.fill(ear, { value: traits.skin * 0.8 });
  }
  const skin = raster.mask(outline(1, CHIN + jaw));
  raster.shade(litSkin(traits, pose, light), skin);
  return { skin, hair };
}

/** The brightness of a head as an ellipsoid under one light. */
function litSkin({ skin }: Traits, { roll, scale, centre }: Pose, light: Light) {
  const [sin, cos] = [Math.sin(roll), Math.cos(roll)];
  const [lightX, lightY, lightZ] = light.direction;
  return (pixelX: number, pixelY: number): number => {
    const [dx, dy] = [(pixelX - centre[0]) / scale, (pixelY - centre[1]) / scale];
    const x = (dx * cos + dy * sin) / 1.12;
    const y = (dy * cos - dx * sin) / 1.45;
    const z = Math.sqrt(Math.max(0.03, 1 - x * x - y * y));
    const facing = Math.max(0, x * lightX + y * lightY + z * lightZ);
    return skin * (light.ambient + (1.1 - light.ambient) * facing);
  };
}

/** Draws the hair that falls over the forehead, and a beard; `scale` as in `Pose`. */
export function paintHair(
  raster: Raster,
  face: { traits: Traits; project: Projection; scale: number; skin: Mask; hair: Mask },
): void {
  const { traits, project, scale, skin, hair } = face;
  const { hairline } = traits;
  const edge = [-1.2, -0.75, -0.35, 0, 0.35, 0.75, 1.2].map((x) =>
    project(x, hairline + 0.35 * x * x * x * x),
  );
  const above = [project(1.4, -2.2), project(-1.4, -2.2)];
  raster.fill([...edge, ...above], { value: traits.hair, soft: 1.5, within: hair });
  if (traits.beard === 0) return;
  const beard = { value: traits.hair, alpha: traits.beard, within: skin };
  const jaw = [-1, -0.8, -0.45, 0, 0.45, 0.8, 1].map((x) => project(x, 1.12 - 0.95 * x * x));
  raster.stroke(
    jaw,
    [0.3, 0.45, 0.5, 0.5, 0.5, 0.45, 0.3].map((width) => width * scale),
    {
      ...beard,
      soft: 5,
    },
  );
  const moustache = [-0.34, -0.16, 0, 0.16, 0.34].map((x) => project(x, 0.44 + 0.9 * x * x, 0.1));
  raster.stroke(
    moustache,
    [0.05, 0.12, 0.1, 0.12, 0.05].map((width) => width * scale),
    {
      ...beard,
      soft: 2,
    },
  );
}

/** Points around a full turn. */
export function ring(count: number, at: (angle: number) => Point): Point[] {
  return Array.from({ length: count }, (_, i) => at((2 * Math.PI * i) / count));
}
