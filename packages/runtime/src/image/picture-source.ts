import type { RawImage } from "@mien/format";
import type { PictureFile } from "./decoded-file.ts";
import type { InBrowser } from "./in-browser.ts";
import type { FrameInput } from "./picture.ts";
import type { RgbaImage } from "./rgb-from-rgba.ts";

/**
 * A picture in any of the forms that programs have it in:
 *
 * - RGB pixels, with or without index, time and depth (`FrameInput`);
 * - decoded pixels: `ImageData`, `{ width, height, data }`, or what sharp gives for `raw()`;
 * - in a browser, whatever a canvas can draw: canvas, image, video (its present frame), `ImageBitmap`,
 *   `VideoFrame`; a canvas of a library for Node;
 * - a picture file (JPEG, PNG, WebP, …): its content as `Blob`, `Buffer` or `Uint8Array`, its path in
 *   Node, or its address (in Node as `URL`). In Node, the package sharp decodes it.
 *
 * Transparent parts of files, and of what a browser draws, count as white; the alpha of other pixels
 * is dropped.
 */
export type PictureSource =
  | FrameInput
  | RgbaImage
  | RawImage
  | DecodedBySharp
  | DrawablePicture
  | CanvasOfLibrary
  | PictureFile;

/** What sharp gives for `sharp(file).raw().toBuffer({ resolveWithObject: true })`. */
export interface DecodedBySharp {
  /** uint8 [height, width, channels] row-major. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly info: {
    readonly width: number;
    readonly height: number;
    /** 1 is grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
    readonly channels: number;
  };
}

/** A canvas of a package such as `canvas` or `@napi-rs/canvas`, which Node itself does not have. */
export interface CanvasOfLibrary {
  readonly width: number;
  readonly height: number;
  getContext(kind: "2d"): {
    getImageData(x: number, y: number, width: number, height: number): RgbaImage;
  } | null;
}

/** What a browser can draw on a canvas. */
export type DrawablePicture =
  | InBrowser<"HTMLCanvasElement">
  | InBrowser<"OffscreenCanvas">
  | InBrowser<"HTMLImageElement">
  | InBrowser<"HTMLVideoElement">
  | InBrowser<"ImageBitmap">
  | InBrowser<"VideoFrame">;
