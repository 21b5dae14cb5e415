import { MienError, isSide, messageOf } from "@mien/format";
import type { FrameInput, Picture } from "./picture.ts";
import type { DrawablePicture } from "./picture-source.ts";
import { rgbFromRgba } from "./rgb-from-rgba.ts";

/**
 * Reads the pixels of what a browser can draw. It keeps one canvas for all pictures, since a new one
 * for each frame of a video would be slow.
 */
export class Drawing {
  #context: OffscreenCanvasRenderingContext2D | undefined;

  /**
   * Draws a picture and reads its pixels.
   *
   * @returns the picture in its own size; of a `VideoFrame` also its time, from its timestamp.
   * @throws {MienError} `bad-image` if the picture is not loaded yet, is empty, or belongs to another
   * website, whose pixels a page may not read.
   */
  read(source: DrawablePicture): FrameInput {
    const { width, height } = sizeOf(source);
    const picture = this.#draw(source, width, height);
    if (!isInstance("VideoFrame", source)) return picture;
    return { ...picture, timeMs: source.timestamp / 1000 };
  }

  #draw(source: DrawablePicture, width: number, height: number): Picture {
    this.#context ??=
      new OffscreenCanvas(width, height).getContext("2d", {
        willReadFrequently: true,
      }) ?? undefined;
    const context = this.#context;
    if (context === undefined) {
      throw new MienError("environment", "the browser gives no 2D canvas to read pictures with");
    }
    const { canvas } = context;
    // Setting the size, even to the same value, clears the canvas, which takes time.
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    if (!isVideo(source)) {
      context.fillStyle = "white";
      context.fillRect(0, 0, width, height);
    }
    try {
      context.drawImage(source, 0, 0, width, height);
      return rgbFromRgba(context.getImageData(0, 0, width, height));
    } catch (error) {
      // A canvas that has drawn a picture of another website can never be read again.
      this.#context = undefined;
      if (error instanceof MienError) throw error;
      throw new MienError("bad-image", `the picture cannot be read: ${messageOf(error)}`, {
        advice:
          'A picture of another website needs crossorigin="anonymous" and permission of that server (CORS).',
        cause: error,
      });
    }
  }
}

/** Whether a value is something that this browser can draw; never in Node. */
export function isDrawable(value: unknown): value is DrawablePicture {
  return (
    isInstance("HTMLVideoElement", value) ||
    isInstance("HTMLCanvasElement", value) ||
    isInstance("OffscreenCanvas", value) ||
    isInstance("HTMLImageElement", value) ||
    isInstance("ImageBitmap", value) ||
    isInstance("VideoFrame", value)
  );
}

/** The types that can be drawn, by name; Node has none of them, a worker no elements. */
type DrawableName =
  | "HTMLVideoElement"
  | "HTMLCanvasElement"
  | "OffscreenCanvas"
  | "HTMLImageElement"
  | "ImageBitmap"
  | "VideoFrame";

function isInstance<Name extends DrawableName>(
  name: Name,
  value: unknown,
): value is InstanceType<(typeof globalThis)[Name]> {
  return name in globalThis && value instanceof globalThis[name];
}

/** Videos have no transparent parts. */
function isVideo(source: DrawablePicture): boolean {
  return isInstance("HTMLVideoElement", source) || isInstance("VideoFrame", source);
}

function sizeOf(source: DrawablePicture): { readonly width: number; readonly height: number } {
  let { width, height } = isInstance("VideoFrame", source)
    ? { width: source.displayWidth, height: source.displayHeight }
    : source;
  let advice = "Give a picture that is not closed and has at least 1×1 pixels.";
  if (isInstance("HTMLVideoElement", source)) {
    advice = "Wait for the video's event `loadeddata` first.";
    // Before its first frame is there, a video may have a size already.
    const isReady = source.readyState >= source.HAVE_CURRENT_DATA;
    [width, height] = isReady ? [source.videoWidth, source.videoHeight] : [0, 0];
  } else if (isInstance("HTMLImageElement", source)) {
    advice = "Wait for `await image.decode()` first.";
    [width, height] = [source.naturalWidth, source.naturalHeight];
  }
  if (isSide(width) && isSide(height)) return { width, height };
  throw new MienError(
    "bad-image",
    `expected a picture of at least 1×1 pixels, found ${source.constructor.name} of ${width}×${height}`,
    { advice },
  );
}
