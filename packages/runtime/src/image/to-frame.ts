import { decodePicture } from "#decode";
import { MienError, describeValue, isBytes, isRecord, isSide } from "@mien/format";
import type { PictureFile } from "./decoded-file.ts";
import { isDrawable, type Drawing } from "./drawing.ts";
import type { FrameInput, Picture } from "./picture.ts";
import type { CanvasOfLibrary, PictureSource } from "./picture-source.ts";
import { rgbFromRgba, type RgbaImage } from "./rgb-from-rgba.ts";

/**
 * Turns a picture of any form into a frame of RGB pixels. Decoded pixels, canvases and videos are
 * copied before this function returns, so that the caller may change them at once; RGB pixels are
 * passed on as they are. Only files are read later.
 *
 * @param drawing reads the pixels of what a browser can draw.
 * @throws {MienError} `bad-image` if it is no picture; in Node also `missing-file` if a file cannot
 * be read, and `environment` if sharp, which decodes files, is not installed.
 */
export function toFrame(source: PictureSource, drawing: Drawing): FrameInput | Promise<FrameInput> {
  if (isRgbFrame(source)) return source;
  if (isPictureFile(source)) return fromFile(source, drawing);
  if (isDrawable(source)) return drawing.read(source);
  return isCanvas(source) ? fromCanvas(source) : fromPixels(source);
}

/** Whether a source has pixels; whether they fit its size is checked when the frame's turn comes. */
function isRgbFrame(source: PictureSource): source is FrameInput {
  if (!isRecord(source) || !("pixels" in source)) return false;
  const { width, height, pixels } = source;
  // Four values for a pixel are RGBA, which `fromPixels` converts.
  const isRgba =
    isSide(width) && isSide(height) && isBytes(pixels) && pixels.length === width * height * 4;
  return !isRgba;
}

async function fromFile(file: PictureFile, drawing: Drawing): Promise<FrameInput> {
  const decoded = await decodePicture(file);
  if (!("close" in decoded)) return fromPixels(decoded);
  try {
    return drawing.read(decoded);
  } finally {
    decoded.close();
  }
}

function isPictureFile(source: PictureSource): source is PictureFile {
  return (
    typeof source === "string" || source instanceof URL || source instanceof Blob || isBytes(source)
  );
}

/** A canvas of a library for Node; those of browsers are drawings. */
function isCanvas(source: unknown): source is CanvasOfLibrary {
  return isRecord(source) && typeof source["getContext"] === "function";
}

function fromCanvas(canvas: CanvasOfLibrary): FrameInput {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  if (context === null) throw noPicture("a canvas without a 2D context");
  return fromPixels(context.getImageData(0, 0, width, height));
}

/** Reads decoded pixels: an `ImageData`, a picture with a number of channels, or what sharp gives. */
function fromPixels(source: unknown): FrameInput {
  if (!isRecord(source)) throw noPicture(describeValue(source));
  const { width, height, channels } = isRecord(source["info"]) ? source["info"] : source;
  const data = source["data"] ?? source["pixels"];
  if (!isSide(width) || !isSide(height)) {
    throw noPicture(`${describeValue(source)} of ${String(width)}×${String(height)} pixels`);
  }
  const found = isBytes(data) ? data.length / (width * height) : 0;
  if (!isBytes(data) || ![1, 2, 3, 4].includes(found) || (channels ?? found) !== found) {
    const layout = `${width}×${height} pixels${isSide(channels) ? ` of ${channels} channels` : ""}`;
    throw noPicture(`${describeValue(data)} for ${layout}`);
  }
  const picture = { width, height, data };
  return { ...extras(source), ...(found === 4 ? rgbFromRgba(picture) : rgbFrom(picture, found)) };
}

/** What a frame has besides its pixels; `checkFrame` checks the values. */
function extras(source: Readonly<Record<string, unknown>>): Partial<FrameInput> {
  const names = ["index", "timeMs", "depth", "path"];
  return Object.fromEntries(
    names.filter((name) => name in source).map((name) => [name, source[name]]),
  );
}

/** @param channels 3 is RGB; 1 and 2 are grey, without and with alpha. */
function rgbFrom({ width, height, data }: RgbaImage, channels: number): Picture {
  if (channels === 3) return { width, height, pixels: data };
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0, to = 0; to < pixels.length; at += channels, to += 3) {
    pixels.fill(data[at] ?? 0, to, to + 3);
  }
  return { width, height, pixels };
}

function noPicture(found: string): MienError {
  return new MienError("bad-image", `expected a picture, found ${found}`, {
    advice:
      "Give RGB pixels { width, height, pixels }, an ImageData, what sharp decoded, a canvas, an " +
      "image, a video, or a picture file as path, Blob or bytes.",
  });
}
