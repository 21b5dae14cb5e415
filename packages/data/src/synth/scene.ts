import type { Random } from "@mien/format";
import { ring, type Projection } from "./head.ts";
import type { Raster } from "./raster.ts";
import type { Point } from "./shapes.ts";
import type { Pose, Traits } from "./traits.ts";

/** Draws the background: a gradient and a few soft shapes. */
export function paintBackground(raster: Raster, stream: Random): void {
  const { size } = raster;
  const [from, to] = [stream.uniform(), stream.uniform()];
  const angle = stream.between(0, 2 * Math.PI);
  const [dx, dy] = [Math.cos(angle) / size, Math.sin(angle) / size];
  raster.shade((x, y) => {
    const along = 0.5 + (x - size / 2) * dx + (y - size / 2) * dy;
    return from + (to - from) * Math.min(1, Math.max(0, along));
  });
  for (let i = stream.integer(5); i > 0; i--) {
    const centre: Point = [stream.between(0, size), stream.between(0, size)];
    const radius = [stream.between(2, 10), stream.between(2, 14)] as const;
    raster.spot(centre, radius, { value: stream.uniform(), alpha: stream.between(0.2, 0.8) });
  }
}

/** Draws the objects that hide a part of some faces: glasses, a strand of hair, a hand. */
export function paintOcclusion(
  raster: Raster,
  face: { traits: Traits; pose: Pose; project: Projection },
  stream: Random,
): void {
  const kind = stream.uniform();
  if (kind < 0.1) paintGlasses(raster, face, stream);
  else if (kind < 0.14) paintStrand(raster, face, stream);
  else if (kind < 0.18) paintHand(raster, face, stream);
}

function paintGlasses(
  raster: Raster,
  { traits, pose, project }: { traits: Traits; pose: Pose; project: Projection },
  stream: Random,
): void {
  const width = stream.between(0.03, 0.07) * pose.scale;
  const value = stream.uniform() < 0.75 ? 0.08 : 0.8;
  const [radiusX, radiusY] = [stream.between(0.27, 0.34), stream.between(0.19, 0.27)];
  const paint = { value, alpha: 0.85, soft: 0.8 };
  for (const side of [-1, 1]) {
    const rim = ring(18, (angle) =>
      project(
        side * traits.eyeDistance + radiusX * Math.cos(angle),
        -0.12 + radiusY * Math.sin(angle),
        0.1,
      ),
    );
    raster.stroke([...rim, rim[0] as Point], [width], paint);
    raster.stroke(
      [project(side * (traits.eyeDistance + radiusX), -0.16, 0.1), project(side * 1.05, -0.2)],
      [width],
      paint,
    );
  }
  const inner = traits.eyeDistance - radiusX;
  raster.stroke([project(-inner, -0.16, 0.15), project(inner, -0.16, 0.15)], [width], paint);
}

function paintStrand(
  raster: Raster,
  { traits, pose, project }: { traits: Traits; pose: Pose; project: Projection },
  stream: Random,
): void {
  const side = stream.uniform() < 0.5 ? -1 : 1;
  const reach = stream.between(-0.2, 0.5);
  const points = [
    project(side * 0.2, -1.2),
    project(side * 0.55, -0.6),
    project(side * 0.75, -0.1),
    project(side * 0.85, reach),
  ];
  const width = stream.between(0.15, 0.35) * pose.scale;
  raster.stroke(points, [width, width, width * 0.8, width * 0.3], {
    value: traits.hair,
    soft: 1.5,
  });
}

function paintHand(
  raster: Raster,
  { traits, pose, project }: { traits: Traits; pose: Pose; project: Projection },
  stream: Random,
): void {
  const side = stream.uniform() < 0.5 ? -1 : 1;
  const [x, y] = [side * stream.between(0.55, 0.95), stream.between(0.55, 1)];
  const lean = stream.between(-0.35, 0.1) * side;
  const width = 0.17 * pose.scale;
  const [palmX, palmY] = project(x, y + 0.45);
  raster.spot([palmX, palmY], [0.3 * pose.scale, 0.3 * pose.scale], { value: traits.skin * 0.9 });
  for (let finger = 0; finger < 4; finger++) {
    const root: Point = [x + side * (finger - 1.5) * 0.15, y + 0.4];
    const tip: Point = [root[0] + lean, root[1] - stream.between(0.4, 0.62)];
    const points = [project(...root), project(...tip)];
    raster.stroke(points, [width * 1.25], { value: traits.skin * 0.45, alpha: 0.7, soft: 1 });
    raster.stroke(points, [width], { value: traits.skin * 1.02, soft: 0.9 });
  }
}

/**
 * Turns a drawing into a camera's picture: blur, contrast, noise, 256 levels.
 *
 * @param pixels [size, size] row-major, 0–1.
 * @returns [size, size] row-major, 0–255.
 */
export function photograph(pixels: Float32Array, size: number, stream: Random): Uint8Array {
  const blurred = blur(pixels, size, stream.between(0.35, 0.8));
  const mean = blurred.reduce((sum, value) => sum + value, 0) / blurred.length;
  const exposure = stream.between(0.36, 0.6) / Math.max(0.05, mean);
  const low = stream.between(0, 0.1);
  const noise = stream.between(0.004, 0.025);
  return Uint8Array.from(blurred, (value) => {
    // Highlights are compressed instead of clipped, as by film.
    const exposed = Math.max(0, exposure * value);
    const toned = exposed < 0.7 ? exposed : 1 - 0.3 * Math.exp((0.7 - exposed) / 0.3);
    const grey = low + (1 - low) * toned + noise * stream.normal();
    return Math.min(255, Math.max(0, Math.round(255 * grey)));
  });
}

/** A Gaussian blur with the edges repeated; `sigma` in pixels. */
function blur(pixels: Float32Array, size: number, sigma: number): Float32Array {
  if (sigma < 0.2) return pixels;
  const weights = [-2, -1, 0, 1, 2].map((step) => Math.exp(-(step * step) / (2 * sigma * sigma)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const pass = (from: Float32Array, along: number, across: number) => {
    const out = new Float32Array(from.length);
    for (let line = 0; line < size; line++) {
      for (let i = 0; i < size; i++) {
        let value = 0;
        for (let k = 0; k < 5; k++) {
          const at = Math.min(size - 1, Math.max(0, i + k - 2));
          value += ((weights[k] as number) / sum) * (from[line * across + at * along] as number);
        }
        out[line * across + i * along] = value;
      }
    }
    return out;
  };
  return pass(pass(pixels, 1, size), size, 1);
}
