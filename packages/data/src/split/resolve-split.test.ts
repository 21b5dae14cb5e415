import { officialSplit, type ImageSet, type Split, type SplitChoice } from "@mien/format";
import { beforeAll, describe, expect, it } from "vitest";
import { addChangedCopies } from "../benchmark/changed-copies.ts";
import { countSplitLeaks, describeLeaks } from "../explore/leaks.ts";
import { findNearCopies } from "../near/near-copies.ts";
import { groupPictures, type Pictures } from "../near/pictures.ts";
import { synthesize } from "../synth/synthesize.ts";
import { assignFolds } from "./assign-splits.ts";
import { mergedSplit } from "./merged-split.ts";
import { hashSplit, resolveSplit, splitSizes } from "./resolve-split.ts";
import { chooseSplit } from "./split-name.ts";

/** Drawn faces with 70 changed copies and 20 exact copies, in splits that do not heed them. */
let set: ImageSet;
let pictures: Pictures;
beforeAll(async () => {
  const drawn = synthesize({ count: 210, seed: 3 });
  const { set: changed } = await addChangedCopies(drawn, { perChange: 10, seeds: [1] });
  const copied = (values: Uint8Array, size = 1) =>
    Uint8Array.from([...values, ...values.subarray(size, 21 * size)]);
  const labels = copied(changed.labels);
  set = {
    ...changed,
    pixels: copied(changed.pixels, 48 * 48),
    labels,
    usage: labels.map((_, i) => [0, 0, 0, 1, 0, 2, 0][i % 7]!),
    row: Uint32Array.from(labels.keys()),
  };
  pictures = groupPictures(set, await findNearCopies(set));
});

/** Images by class. */
const perClass = (positions: Iterable<number>) => {
  const counts = set.classes.map(() => 0);
  for (const position of positions) counts[set.labels[position]!]! += 1;
  return counts;
};
/** The same images without their test split. */
const withoutTest = (): ImageSet => ({ ...set, usage: set.usage.map(() => 0) });
const resolve = (from: ImageSet, choice: SplitChoice) => resolveSplit(from, choice, pictures);

describe("resolveSplit", () => {
  it("is the official split for a run without the field", async () => {
    expect(await resolveSplit(set, {})).toEqual(officialSplit(set));
    expect(await resolveSplit(set, { split: "official" })).toEqual(officialSplit(set));
  });

  it("gives a run that is older than near-copies the rows that it had", async () => {
    const old = await resolveSplit(set, { split: "60/30/10", splitSeed: 4 });
    expect(old).toEqual(mergedSplit(set, { training: 60, validation: 30, seed: 4 }));
    expect(
      (await resolve(set, chooseSplit({ split: "60/30/10", splitSeed: 4 }))).train,
    ).not.toEqual(old.train);
    // A set without test images had no test split.
    expect((await resolveSplit(withoutTest(), { split: "70/20/10" })).test).toHaveLength(0);
  });

  it("leaves no copy in two splits if it draws the test split, too", async () => {
    const from = withoutTest();
    const split = await resolve(from, chooseSplit({ split: "70/20/10" }));
    const before = countSplitLeaks(set, officialSplit(set), pictures);
    expect(before.every(({ exact, near }) => near > exact)).toBe(true);
    expect(before.some(({ exact }) => exact > 0)).toBe(true);
    const after = countSplitLeaks(set, split, pictures);
    expect(after.map(({ exact, near }) => [exact, near])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(describeLeaks(before, after)).toMatch(
      /^by the official split, \d+ test images have a copy in training \(\d+ an exact one\), .*; by this split, no image of one split has a copy in another$/,
    );
    const all = perClass(set.labels.keys());
    for (const [part, share] of [
      [split.train, 0.7],
      [split.validation, 0.2],
      [split.test, 0.1],
    ] as const) {
      perClass(part).forEach((n, label) =>
        expect(Math.abs(n - share * all[label]!)).toBeLessThanOrEqual(1),
      );
    }
  });

  it("keeps the official test split, and leaves no copy in both other splits", async () => {
    for (const name of ["70/20/10", "k-fold:4"]) {
      const split = await resolve(set, chooseSplit({ split: name, splitSeed: 2 }));
      expect(split.test).toEqual(officialSplit(set).test);
      const leaks = countSplitLeaks(set, split, pictures);
      const of = leaks.find(({ part, copyIn }) => part === "PublicTest" && copyIn === "Training");
      expect(of).toMatchObject({ exact: 0, near: 0 });
    }
  });

  it("validates each image that is no test image in exactly one fold", async () => {
    const choices = [1, 2, 3, 4].map((fold) => chooseSplit({ split: "k-fold:4", fold }));
    const splits: Split[] = [];
    for (const choice of choices) splits.push(await resolve(set, choice));
    const validated = splits.flatMap(({ validation }) => [...validation]).sort((a, b) => a - b);
    const { train, validation } = officialSplit(set);
    expect(validated).toEqual([...train, ...validation].sort((a, b) => a - b));
    const foldOf = assignFolds(set, choices[0]!, pictures.pictureOf);
    splits.forEach((split, i) => {
      expect(split.rule).toBe("k-fold");
      expect([...split.validation].every((at) => foldOf[at] === i + 1)).toBe(true);
    });
    const sizes = splits.map((split) => perClass(split.validation));
    for (const label of set.classes.keys()) {
      const counts = sizes.map((one) => one[label]!);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  it("refuses a split that differs from that of the run", async () => {
    const choice = chooseSplit({ split: "70/20/10" });
    const split = await resolve(set, choice);
    const splitSha256 = hashSplit(split);
    expect(await resolveSplit(set, { ...choice, splitSha256 }, pictures)).toEqual(split);
    const others = groupPictures(set, []);
    await expect(resolveSplit(set, { ...choice, splitSha256 }, others)).rejects.toThrow(
      expect.objectContaining({
        code: "mismatch",
        message: expect.stringMatching(/^the split 70\/20\/10 with seed 1 of this run/) as string,
      }),
    );
  });
});

describe("splitSizes", () => {
  const lines = async (from: ImageSet, name: string) => {
    const choice = chooseSplit({ split: name });
    return splitSizes(from, await resolve(from, choice), choice);
  };

  it("names the sizes, and what is done about the test split", async () => {
    const { train, validation, test } = await resolve(set, chooseSplit({ split: "66/20/14" }));
    expect(await lines(set, "66/20/14")).toEqual([
      `split 66/20/14 with seed 1: ${train.length} training, ${validation.length} validation and ${test.length} test images`,
    ]);
    expect((await lines(set, "50/20/30"))[1]).toMatch(
      /^the official test split is always kept: it has 14\.\d % of all images, not 30 %; .* ratio 50:20$/,
    );
    expect((await lines(withoutTest(), "70/20/10"))[1]).toBe(
      "the data set has no test split; 10 % of its images were drawn as one",
    );
    expect(await lines(set, "official")).toEqual([]);
    expect(await lines(set, "k-fold:4")).toHaveLength(1);
    expect((await lines(withoutTest(), "k-fold:4"))[1]).toMatch(/gets none by k-fold$/);
  });
});
