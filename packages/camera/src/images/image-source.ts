import { MienError, type Frame, type RawImage } from "@mien/format";
import { decodeImage } from "./decode-image.ts";
import { findImages, nameSome, printable } from "./find-images.ts";
import type { Source, SourceOptions } from "../source.ts";

/**
 * An image file, or every image in a folder in natural order. An image of a folder that cannot be
 * read is left out with a notice; its place stays empty in the numbers of the frames.
 *
 * @throws {MienError} `missing-file` if there is none; `bad-image` while reading, if none of them
 * can be read.
 */
export async function openImages(path: string, options: SourceOptions = {}): Promise<Source> {
  const { images, isFolder, skipped } = await findImages(path);
  const { onNotice, loop = false } = options;
  if (skipped.length > 0) {
    const what = skipped.length === 1 ? "1 entry that is" : `${skipped.length} entries that are`;
    onNotice?.({ kind: "skipped", message: `skipped ${what} no image: ${nameSome(skipped)}` });
  }
  let closed = false;
  async function* read(signal?: AbortSignal): AsyncGenerator<Frame, undefined> {
    let index = 0;
    let good = 0;
    do {
      for (const file of images) {
        if (closed || signal?.aborted || options.signal?.aborted) return;
        const image = await decodeImage(file).catch((error: unknown) => {
          if (!(error instanceof MienError) || !isFolder) throw error;
          onNotice?.({ kind: "skipped", message: printable(error.message), path: file, error });
          return undefined;
        });
        if (image !== undefined) {
          good++;
          const { width, height } = image;
          yield { index, timeMs: 0, width, height, pixels: toRgb(image), path: file };
        }
        index++;
      }
      if (good === 0) {
        throw new MienError("bad-image", `none of the images in ${path} can be read`);
      }
    } while (loop);
  }
  return {
    name: path,
    kind: "images",
    width: null,
    height: null,
    framesPerSecond: null,
    length: loop ? null : images.length,
    frames: read,
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
}

/** Three channels: grey is repeated. */
function toRgb({ channels, data, width, height }: RawImage): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length / channels; i++) {
    const from = i * channels;
    const isGrey = channels === 1;
    pixels[3 * i] = data[from] as number;
    pixels[3 * i + 1] = data[isGrey ? from : from + 1] as number;
    pixels[3 * i + 2] = data[isGrey ? from : from + 2] as number;
  }
  return pixels;
}
