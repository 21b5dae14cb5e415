import { readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf, MienError, prepareImages, type ModelInput, type RawImage } from "@mien/format";
import type { LabelledFile } from "./arrange-images.ts";
import type { LeftOut } from "./list-images.ts";
import { openImage } from "./read-image.ts";

/** Number of images that are read at the same time. */
const LANES = 4;
/** Larger files are refused, because they are read into memory. */
const MOST_BYTES = 500e6;
/** Of larger files and images, only one is in memory at a time. */
const LARGE = { bytes: 20e6, pixels: 4e6 };

/** Images of one size. */
export interface ReadImages {
  /** The files that were read, in the given order. */
  readonly files: readonly LabelledFile[];
  /** [files, height, width, channels] row-major, 0–255. */
  readonly pixels: Uint8Array;
  /** In the given order. */
  readonly leftOut: readonly LeftOut[];
  /** How many images were not square, before they were resized. */
  readonly notSquare: number;
  /** How many images had fewer pixels in width or height than now. */
  readonly enlarged: number;
}

/**
 * Reads image files and converts them to one size, as `prepareImages` does for a model: resized with
 * PIL's BILINEAR, grey as BT.601 luma.
 *
 * @param root the folder that the names of the files are relative to.
 * @param options.onProgress called with the number of files read so far.
 * @throws {MienError} `interrupted` if the signal fires, `unsupported` if the images do not fit into
 *   memory.
 */
export async function readImages(
  root: string,
  files: readonly LabelledFile[],
  options: {
    readonly input: ModelInput;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((done: number) => void) | undefined;
  },
): Promise<ReadImages> {
  const { input, signal, onProgress } = options;
  const size = input.height * input.width * input.channels;
  const pixels = allocate(files.length, size);
  const reasons = new Map<number, string>();
  let [next, done, notSquare, enlarged] = [0, 0, 0, 0];
  const oneAtATime = queue();

  const read = async (index: number, file: LabelledFile): Promise<void> => {
    if (file.size > MOST_BYTES) {
      throw new MienError(
        "bad-image",
        `has ${Math.round(file.size / 1e6)} MB; at most ${MOST_BYTES / 1e6} MB are read`,
      );
    }
    const isLargeFile = file.size > LARGE.bytes;
    const work = async () => {
      const bytes = await readFile(path.join(root, file.file)).catch((error: unknown) => {
        throw new MienError("missing-file", `cannot be read: ${messageOf(error)}`);
      });
      const image = await openImage(bytes);
      const convert = async () => keep(index, await image.decode());
      await (image.pixels > LARGE.pixels && !isLargeFile ? oneAtATime(convert) : convert());
    };
    await (isLargeFile ? oneAtATime(work) : work());
  };

  const keep = (index: number, image: RawImage): void => {
    if (image.width !== image.height) notSquare++;
    if (image.width < input.width || image.height < input.height) enlarged++;
    const values = prepareImages([image], input);
    const start = index * size;
    values.forEach((value, i) => (pixels[start + i] = Math.round(value)));
  };

  const lane = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      if (signal?.aborted) {
        throw new MienError("interrupted", "reading images; nothing was written");
      }
      const file = files[index];
      if (file === undefined) return;
      await read(index, file).catch((error: unknown) => {
        if (!(error instanceof MienError)) throw error;
        reasons.set(index, error.message);
      });
      onProgress?.(++done);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));

  let kept = 0;
  for (const index of files.keys()) {
    if (reasons.has(index)) continue;
    pixels.copyWithin(kept++ * size, index * size, (index + 1) * size);
  }
  return {
    files: files.filter((_, index) => !reasons.has(index)),
    pixels: pixels.subarray(0, kept * size),
    leftOut: files.flatMap(({ file }, index) => {
      const reason = reasons.get(index);
      return reason === undefined ? [] : [{ file, reason }];
    }),
    notSquare,
    enlarged,
  };
}

/** Runs one task at a time, in the order of the calls. */
function queue(): (task: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}

function allocate(images: number, size: number): Uint8Array {
  try {
    return new Uint8Array(images * size);
  } catch {
    const gigabytes = ((images * size) / 1e9).toFixed(1);
    throw new MienError(
      "unsupported",
      `${images} images of ${size} values need ${gigabytes} GB of memory, which this machine does not give`,
      { advice: "Choose a smaller --size." },
    );
  }
}
