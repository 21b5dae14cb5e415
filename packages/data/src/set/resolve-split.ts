import {
  imageCount,
  MienError,
  officialSplit,
  type ImageSet,
  type Split,
  type SplitChoice,
  type SplitName,
} from "@mien/format";
import { mergedSplit } from "./merged-split.ts";

/** The three numbers of a split that is named `A/B/C`, in percent; they sum to 100. */
interface SplitRatio {
  /** Above 0. */
  readonly training: number;
  /** Above 0. */
  readonly validation: number;
  /** 0 or more; the size of the test split does not depend on it. */
  readonly test: number;
}

/** The largest error of a sum of three numbers with three decimals. */
const ROUNDING = 1e-6;

/**
 * Reads the name of a split.
 *
 * @param text `official`, or three numbers such as `70/20/10`.
 * @returns the same name without superfluous zeros: `070/20/10.0` becomes `70/20/10`.
 * @throws {MienError} `usage` if it is neither.
 */
export function parseSplit(text: string): SplitName {
  if (text === "official") return text;
  const { training, validation, test } = ratioOf(text);
  return `${training}/${validation}/${test}`;
}

function ratioOf(text: string): SplitRatio {
  const numbers = text.split("/");
  const isList = numbers.length === 3 && numbers.every((one) => /^\d{1,3}(\.\d{1,3})?$/.test(one));
  const [training = 0, validation = 0, test = 0] = isList ? numbers.map(Number) : [];
  const sum = training + validation + test;
  if (training > 0 && validation > 0 && Math.abs(sum - 100) <= ROUNDING) {
    return { training, validation, test };
  }
  throw new MienError(
    "usage",
    `--split must be official, or three numbers such as 70/20/10 that sum to 100, found "${text}"`,
    {
      advice:
        "The numbers are the percentages of training, validation and test images; the first two must be above 0.",
    },
  );
}

/**
 * The splits of a data set by a run's choice.
 *
 * @param choice the `split` and `splitSeed` of a run. An absent `split` is the official one, an
 *   absent `splitSeed` is 1.
 * @throws {MienError} `bad-data` if there are no Training rows, `usage` if the name is invalid.
 */
export function resolveSplit(
  set: ImageSet,
  { split = "official", splitSeed = 1 }: Partial<SplitChoice>,
): Split {
  if (split === "official") return officialSplit(set);
  return mergedSplit(set, { ...ratioOf(split), seed: splitSeed });
}

/** A choice of splits in words: `official`, or `70/20/10 with seed 1`. */
export function describeSplit({ split = "official", splitSeed = 1 }: Partial<SplitChoice>): string {
  return split === "official" ? split : `${split} with seed ${splitSeed}`;
}

/** The largest difference, in percent of all images, by which a test split counts as its share. */
const SAME_SHARE = 0.5;

/**
 * Lines about a split that is not the official one: its sizes, and if the official test split does
 * not have the size that was asked for, what is done about it. None for the official split.
 */
export function splitSizes(set: ImageSet, split: Split, choice: SplitChoice): string[] {
  if (choice.split === "official") return [];
  const [training, validation, test] = [split.train, split.validation, split.test].map(
    ({ length }) => length.toLocaleString("en"),
  );
  const wanted = ratioOf(choice.split);
  const found = (100 * split.test.length) / imageCount(set);
  const sizes = `split ${describeSplit(choice)}: ${training} training, ${validation} validation and ${test} test images`;
  if (Math.abs(found - wanted.test) <= SAME_SHARE) return [sizes];
  return [
    sizes,
    `the official test split is always kept: it has ${found.toFixed(1)} % of all images, not ${wanted.test} %; the other images are divided into training and validation in the ratio ${wanted.training}:${wanted.validation}`,
  ];
}
