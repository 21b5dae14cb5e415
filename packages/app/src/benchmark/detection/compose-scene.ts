import type { FaceTexture } from "@mien/camera";
import type { Random } from "@mien/format";
import { crop, regionOf, type Box, type Picture } from "@mien/runtime";
import sharp from "sharp";

/** A head in a scene. */
export interface PlacedHead {
  readonly head: FaceTexture;
  /** Width of the face in pixels. */
  readonly size: number;
  /** Centre of the face in pixels. */
  readonly x: number;
  readonly y: number;
  /** Turn to the side in degrees; the photograph is turned on a cylinder. */
  readonly yaw: number;
  /** Tilt of the head in degrees. */
  readonly roll: number;
}

/** What the camera does to a scene. */
export interface CameraFaults {
  /** Factor of the brightness, 0–1. */
  readonly light: number;
  /** Length of a horizontal motion blur, in pixels. */
  readonly blur: number;
}

/** A picture and the boxes of the faces in it. */
export interface Scene {
  readonly picture: Picture;
  readonly boxes: readonly Box[];
}

/** The part of a photograph that is shown, in sizes of the face, √(width · height). */
const PATCH = { side: 2.2, down: 0 };
/** Semi-axes of the visible ellipse, in sizes of the face, and the share of it that fades out. */
const SHOWN = { across: 0.95, down: 1.1, fade: 0.15 };
/** Largest angle between the camera and the surface of the cylinder that is shown, in radians. */
const GRAZING = 1.3;
/** Standard deviation of the camera's noise, 0–255. */
const NOISE = 3;

/** Composes a scene: heads in front of a background, then darkness, noise and motion blur. */
export async function composeScene(
  background: Picture,
  heads: readonly PlacedHead[],
  { stream, light, blur }: CameraFaults & { readonly stream: Random },
): Promise<Scene> {
  const { width, height } = background;
  const canvas = { width, height, pixels: new Float32Array(background.pixels) };
  const { pixels } = canvas;
  const boxes: Box[] = [];
  for (const placed of heads) boxes.push(await paste(canvas, placed));
  if (blur > 1) blurRows(canvas, Math.round(blur));
  const noise = Float32Array.from({ length: 1 << 14 }, () => NOISE * stream.normal());
  const shift = stream.integer(noise.length);
  const seen = new Uint8ClampedArray(pixels.length);
  for (let i = 0; i < seen.length; i++) {
    seen[i] = light * (pixels[i] ?? 0) + (noise[(i + shift) & (noise.length - 1)] ?? 0);
  }
  const picture = { width, height, pixels: new Uint8Array(seen.buffer) };
  return { picture, boxes };
}

/** A picture that is being composed. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  /** RGB [height, width, 3]. */
  readonly pixels: Float32Array;
}

/** Draws one head. @returns the box of its face. */
async function paste(canvas: Canvas, placed: PlacedHead): Promise<Box> {
  const { head, size, x, y } = placed;
  const yaw = (placed.yaw * Math.PI) / 180;
  const roll = (placed.roll * Math.PI) / 180;
  const [, , boxWidth, boxHeight] = head.box;
  const scale = size / boxWidth;
  const unit = Math.sqrt(boxWidth * boxHeight) * scale;
  const region = regionOf([...head.box], PATCH);
  const cut = crop(head, region);
  const side = Math.max(2, Math.round(region[2] * scale));
  const patch = await sharp(cut.data, { raw: cut }).resize(side, side).raw().toBuffer();
  const [across, down] = [SHOWN.across * unit, SHOWN.down * unit];
  const reach = Math.ceil(Math.max(across, down));
  const first = Math.max(0, Math.floor(x - reach));
  const last = Math.min(canvas.width, x + reach);
  for (
    let row = Math.max(0, Math.floor(y - reach));
    row < Math.min(canvas.height, y + reach);
    row++
  ) {
    for (let column = first; column < last; column++) {
      const u = (Math.cos(roll) * (column - x) + Math.sin(roll) * (row - y)) / across;
      const v = (Math.cos(roll) * (row - y) - Math.sin(roll) * (column - x)) / down;
      const opacity = Math.min(1, (1 - Math.hypot(u, v)) / SHOWN.fade);
      if (opacity <= 0) continue;
      const angle = Math.asin(Math.max(-1, Math.min(1, u))) - yaw;
      const from = Math.sin(Math.max(-GRAZING, Math.min(GRAZING, angle)));
      const at = { x: side / 2 + from * across, y: side / 2 + v * down };
      blend(canvas.pixels, 3 * (row * canvas.width + column), { patch, side, at, opacity });
    }
  }
  // The middle of the face moves to the side on which it is turned, and the face becomes narrower.
  const width = size * (0.5 + 0.5 * Math.cos(yaw));
  const height = boxHeight * scale;
  const centre = x + 0.5 * across * Math.sin(yaw);
  return [centre - width / 2, y - height / 2, width, height];
}

/** Mixes one pixel with a patch, which is read between its pixels. */
function blend(
  pixels: Float32Array,
  to: number,
  source: {
    readonly patch: Uint8Array;
    readonly side: number;
    readonly at: { readonly x: number; readonly y: number };
    readonly opacity: number;
  },
): void {
  const { patch, side, at, opacity } = source;
  const inside = (value: number) => Math.min(side - 1.001, Math.max(0, value - 0.5));
  const [x, y] = [inside(at.x), inside(at.y)];
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, down] = [x - left, y - top];
  const from = 3 * (top * side + left);
  for (let c = 0; c < 3; c++) {
    const value = (i: number) => patch[from + i + c] ?? 0;
    const upper = value(0) * (1 - right) + value(3) * right;
    const lower = value(3 * side) * (1 - right) + value(3 * side + 3) * right;
    const seen = upper * (1 - down) + lower * down;
    const old = pixels[to + c] ?? 0;
    pixels[to + c] = old + opacity * (seen - old);
  }
}

/** The mean of `length` neighbours in a row. */
function blurRows({ width, height, pixels }: Canvas, length: number): void {
  const line = new Float32Array(3 * width);
  for (let row = 0; row < height; row++) {
    const start = 3 * row * width;
    line.set(pixels.subarray(start, start + 3 * width));
    for (let c = 0; c < 3; c++) {
      const value = (column: number) => line[3 * Math.max(0, Math.min(width - 1, column)) + c] ?? 0;
      let sum = 0;
      for (let i = 0; i < length; i++) sum += value(i - Math.floor(length / 2));
      for (let column = 0; column < width; column++) {
        pixels[start + 3 * column + c] = sum / length;
        const oldest = column - Math.floor(length / 2);
        sum += value(oldest + length) - value(oldest);
      }
    }
  }
}
