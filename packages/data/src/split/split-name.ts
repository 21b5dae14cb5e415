import { MienError, type SplitChoice, type SplitName } from "@mien/format";
import { FOLD_LIMITS } from "./k-fold.ts";

/** The three numbers of a split that is named `A/B/C`, in percent; they sum to 100. */
interface SplitRatio {
  /** Above 0. */
  readonly training: number;
  /** Above 0. */
  readonly validation: number;
  /** 0 or more; not used if the data set has a test split, which is kept. */
  readonly test: number;
}

/** The largest error of a sum of three numbers with three decimals. */
const ROUNDING = 1e-6;

/** `--split`, `--split-seed` and `--fold`, for commands that divide a data set. */
export const splitOptions = {
  split: {
    type: "string",
    placeholder: "SPLIT",
    description: "Splits: official (by Usage), percentages such as 70/20/10, or k-fold:K",
    group: "data",
    default: "official",
  },
  splitSeed: {
    type: "integer",
    description: "Random seed of the division by --split; not used by the official split",
    unit: null,
    group: "data",
    defaultText: "1",
    min: 0,
    max: 2 ** 31 - 1,
  },
  fold: {
    type: "integer",
    description: "With --split k-fold:K, the fold that is the validation split, 1 to K",
    unit: null,
    group: "data",
    defaultText: "1",
    min: 1,
    max: FOLD_LIMITS.max,
  },
} as const;

/** Sentences about `--split`, for the details of a command. */
export const SPLIT_DETAILS =
  "The option --split 70/20/10 keeps the test split, merges the other images and divides them anew into training and validation; without test images, it also draws a test split of 10 %. " +
  "--split k-fold:5 divides them into five folds; fold --fold is the validation split. " +
  "Both keep the share of each class, and never divide exact copies and near-copies.";

/**
 * Reads the name of a split.
 *
 * @param text `official`, three numbers such as `70/20/10`, or `k-fold:K` with K from 2 to 100.
 * @returns the same name without superfluous zeros: `070/20/10.0` becomes `70/20/10`.
 * @throws {MienError} `usage` if it is none of these.
 */
export function parseSplit(text: string): SplitName {
  if (text === "official") return text;
  if (text.startsWith("k-fold")) return `k-fold:${readFolds(text)}`;
  const { training, validation, test } = ratioOf(text);
  return `${training}/${validation}/${test}`;
}

/** The number of folds of `k-fold:K`; undefined for another split. */
export function foldsOf(split: SplitName): number | undefined {
  return split.startsWith("k-fold") ? readFolds(split) : undefined;
}

function readFolds(text: string): number {
  const { min, max } = FOLD_LIMITS;
  const folds = Number(/^k-fold:(\d{1,3})$/.exec(text)?.[1]);
  if (folds >= min && folds <= max) return folds;
  throw new MienError("usage", `--split k-fold:K needs K from ${min} to ${max}, found "${text}"`, {
    advice: "For example, --split k-fold:5 makes five folds.",
  });
}

/**
 * The three numbers of a split that is named `A/B/C`.
 *
 * @throws {MienError} `usage` if the name is not of this form.
 */
export function ratioOf(text: string): SplitRatio {
  const numbers = text.split("/");
  const isList = numbers.length === 3 && numbers.every((one) => /^\d{1,3}(\.\d{1,3})?$/.test(one));
  const [training = 0, validation = 0, test = 0] = isList ? numbers.map(Number) : [];
  const sum = training + validation + test;
  if (training > 0 && validation > 0 && Math.abs(sum - 100) <= ROUNDING) {
    return { training, validation, test };
  }
  throw new MienError(
    "usage",
    `--split must be official, k-fold:K, or three numbers such as 70/20/10 that sum to 100, found "${text}"`,
    {
      advice:
        "The numbers are the percentages of training, validation and test images; the first two must be above 0.",
    },
  );
}

/**
 * The splits that `--split`, `--split-seed` and `--fold` choose.
 *
 * @throws {MienError} `usage` if a value is invalid, or if `fold` does not belong to the split.
 */
export function chooseSplit(flags: {
  readonly split: string;
  readonly splitSeed?: number | undefined;
  readonly fold?: number | undefined;
}): SplitChoice {
  const split = parseSplit(flags.split);
  const folds = foldsOf(split);
  if (folds === undefined && flags.fold !== undefined) {
    throw new MienError("usage", `--fold needs --split k-fold:K, found --split ${split}`);
  }
  if (split === "official") return { split };
  const choice = { split, splitSeed: flags.splitSeed ?? 1, splitTogether: "near-copies" } as const;
  if (folds === undefined) return choice;
  const fold = flags.fold ?? 1;
  if (fold <= folds) return { ...choice, fold };
  throw new MienError("usage", `--fold must be 1 to ${folds} for --split ${split}, found ${fold}`);
}

/** A choice of splits in words: `official`, `70/20/10 with seed 1`, or `k-fold:5 with seed 1, fold 2`. */
export function describeSplit({
  split = "official",
  splitSeed = 1,
  fold = 1,
}: Partial<SplitChoice>): string {
  if (split === "official") return split;
  const ofFold = foldsOf(split) === undefined ? "" : `, fold ${fold}`;
  return `${split} with seed ${splitSeed}${ofFold}`;
}
