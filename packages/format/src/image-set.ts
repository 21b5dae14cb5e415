import { MienError } from "./errors.ts";

/** The values of the Usage column of a FER-shaped CSV file; `ImageSet.usage` contains their indices. */
export const USAGES = ["Training", "PublicTest", "PrivateTest"] as const;

/** Training is the training split, PublicTest the validation split, PrivateTest the test split. */
export type Usage = (typeof USAGES)[number];

/** Pixels that stay in a file, because there are too many of them for memory. */
export interface StoredPixels {
  /**
   * The pixels of one image, [height, width, channels]; a copy. Images in ascending order are read
   * many at a time.
   *
   * @throws {MienError} `missing-file` if the file cannot be read any more.
   */
  at(index: number): Uint8Array;
  /**
   * Reads some images in any order: [positions, height, width, channels].
   *
   * @throws {MienError} `missing-file` if the file cannot be read any more.
   */
  read(positions: ArrayLike<number>): Uint8Array;
}

/**
 * N labelled images of one size. Each array holds one value per image, `pixels` one image after
 * another. Read pixels with `imageAt` and `imagesAt`, which also read images from a file.
 */
export interface ImageSet {
  /** Image height in pixels. */
  readonly height: number;
  /** Image width in pixels. */
  readonly width: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: number;
  /** Class names; `labels` contains their indices. */
  readonly classes: readonly string[];
  /** [N, height, width, channels] row-major, 0–255; empty if the pixels are `stored`. */
  readonly pixels: Uint8Array;
  /** The pixels of a set that is too large for memory; undefined if they are in `pixels`. */
  readonly stored?: StoredPixels | undefined;
  /** [N], index into `classes`. */
  readonly labels: Uint8Array;
  /** [N], index into `USAGES`. */
  readonly usage: Uint8Array;
  /** [N], number of the image's row in the CSV file; the first row after the header is 0. */
  readonly row: Uint32Array;
}

/** The number of images in a set. */
export function imageCount(set: ImageSet): number {
  return set.labels.length;
}

/** The number of values in one image: height × width × channels. */
export function imageSize(set: Pick<ImageSet, "height" | "width" | "channels">): number {
  return set.height * set.width * set.channels;
}

/**
 * The pixels of one image. They must not be changed.
 *
 * @param index position in the set, 0 to N − 1.
 * @returns [height, width, channels] row-major, 0–255; a view into `set.pixels`, or a copy if the
 *   pixels are in a file.
 */
export function imageAt(set: ImageSet, index: number): Uint8Array {
  if (set.stored !== undefined) return set.stored.at(index);
  const size = imageSize(set);
  return set.pixels.subarray(index * size, (index + 1) * size);
}

/**
 * A copy of the pixels of some images, in the order of `positions`.
 *
 * @returns [positions, height, width, channels] row-major, 0–255.
 */
export function imagesAt(set: ImageSet, positions: ArrayLike<number>): Uint8Array {
  if (set.stored !== undefined) return set.stored.read(positions);
  const size = imageSize(set);
  const pixels = new Uint8Array(positions.length * size);
  for (let i = 0; i < positions.length; i++) pixels.set(imageAt(set, positions[i] ?? 0), i * size);
  return pixels;
}

/**
 * How a data set is split. `official`: by the Usage column. `A/B/C`, for example `70/20/10`: the
 * official test split is kept, and the other images are divided into training and validation in the
 * ratio A:B; the three numbers sum to 100. `k-fold:K`: the official test split is kept, the other
 * images are divided into K folds, and one fold is the validation split.
 */
export type SplitName = "official" | `${number}/${number}/${number}` | `k-fold:${number}`;

/** Everything that determines the splits of a data set. */
export interface SplitChoice {
  readonly split: SplitName;
  /** Seed of the division; absent for the official split. */
  readonly splitSeed?: number;
  /** The fold that is the validation split, 1 to K; present only for `k-fold:K`. */
  readonly fold?: number | undefined;
  /**
   * The images that are never divided: exact copies and near-copies. Absent for the official split,
   * and in runs that are older than the search for near-copies, which keep only exact copies together.
   */
  readonly splitTogether?: "near-copies";
}

/** The fields of a split choice in a larger object, such as the configuration of a run. */
export function splitChoiceOf(source: SplitChoice): SplitChoice {
  const { split, splitSeed, fold, splitTogether } = source;
  return {
    split,
    ...(splitSeed !== undefined && { splitSeed }),
    ...(fold !== undefined && { fold }),
    ...(splitTogether !== undefined && { splitTogether }),
  };
}

/** The splits of a data set, as lists of positions in the `ImageSet` (not of CSV rows). */
export interface Split {
  /**
   * `official`: by the Usage column; `merged`: the test split by the Usage column, training and
   * validation by a ratio; `k-fold`: training and validation by folds.
   */
  readonly rule: "official" | "merged" | "k-fold";
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
  readonly test: Uint32Array;
}

/**
 * Splits a data set by its Usage column, as its authors did: Training, PublicTest, PrivateTest.
 *
 * @throws {MienError} `bad-data` if there is no Training row.
 */
export function officialSplit(set: ImageSet): Split {
  const positions = (code: number) =>
    Uint32Array.from(Array.from(set.usage.keys()).filter((i) => set.usage[i] === code));
  const split: Split = {
    rule: "official",
    train: positions(0),
    validation: positions(1),
    test: positions(2),
  };
  if (split.train.length === 0) {
    throw new MienError("bad-data", "the data set has no row whose Usage is Training", {
      advice: "Check the Usage column: its values must be Training, PublicTest or PrivateTest.",
    });
  }
  return split;
}
