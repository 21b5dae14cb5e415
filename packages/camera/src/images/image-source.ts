import { counted } from "@mien/cli";
import { MienError, printable, type RawImage } from "@mien/format";
import { decodeImage } from "./decode-image.ts";
import { findImages, nameSome } from "./find-images.ts";
import type { Source, SourceFrame, SourceOptions } from "../source/source.ts";
import { delay } from "../system/delay.ts";
import { followSignal } from "../system/follow-signal.ts";

/** With `realTime`, how long each image is shown, in milliseconds. */
const HOLD = 3000;
/** With `realTime`, frames per second. */
const HOLD_RATE = 15;

/**
 * Opens an image file, or every image in a folder in natural order. An image of a folder that cannot be
 * read is left out with a notice; the numbers of the frames have a gap there.
 *
 * @throws {MienError} `missing-file` if there is no image; while reading, `bad-image` if no image
 * can be read.
 */
export async function openImages(path: string, options: SourceOptions = {}): Promise<Source> {
  const { images, isFolder, skipped } = await findImages(path);
  const { onNotice, loop = false, realTime = false, skipImage } = options;
  if (skipped.length > 0) {
    const what = counted(skipped.length, "entry that is", "entries that are");
    onNotice?.({ kind: "skipped", message: `skipped ${what} no image: ${nameSome(skipped)}` });
  }
  const closing = new AbortController();
  const { signal: closed } = closing;
  const release = followSignal(closing, options.signal);

  async function* read(): AsyncGenerator<SourceFrame, undefined> {
    let index = 0;
    let good = 0;
    // A picture that cannot be read is named once, also if the folder is read again.
    const named = new Set<string>();
    do {
      for (const file of images) {
        if (closed.aborted) return;
        if (skipImage?.(index) === true) {
          index++;
          good++;
          continue;
        }
        const image = await decodeImage(file).catch((error: unknown) => {
          if (!(error instanceof MienError) || !isFolder) throw error;
          if (!named.has(file)) {
            onNotice?.({ kind: "skipped", message: printable(error.message), path: file, error });
          }
          named.add(file);
          return undefined;
        });
        if (image !== undefined) {
          good++;
          const { width, height } = image;
          const pixels = toRgb(image);
          yield { index, timeMs: 0, width, height, pixels, path: file, discontinuity: true };
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
    async *frames(signal) {
      const unfollow = followSignal(closing, signal);
      try {
        yield* realTime ? hold(read(), closed) : read();
      } finally {
        unfollow();
        release();
      }
    },
    close() {
      closing.abort();
      release();
      return Promise.resolve();
    },
  };
}

/** Repeats each image for `HOLD`, like a camera that shows it. */
async function* hold(
  images: AsyncIterable<SourceFrame>,
  closed: AbortSignal,
): AsyncGenerator<SourceFrame, undefined> {
  const started = performance.now();
  let index = 0;
  for await (const image of images) {
    const until = performance.now() + HOLD;
    for (let discontinuity = true; performance.now() < until; discontinuity = false) {
      const timeMs = performance.now() - started;
      yield { ...image, index, timeMs, discontinuity };
      index++;
      await delay(1000 / HOLD_RATE - (performance.now() - started - timeMs), closed);
      if (closed.aborted) return;
    }
  }
}

/** RGB, uint8 [height, width, 3]; grey is repeated. */
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
