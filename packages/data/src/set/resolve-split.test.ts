import { officialSplit } from "@mien/format";
import { describe, expect, it } from "vitest";
import { synthesize } from "../synth/synthesize.ts";
import { mergedSplit } from "./merged-split.ts";
import { describeSplit, parseSplit, resolveSplit, splitSizes } from "./resolve-split.ts";

const set = synthesize({ count: 200, seed: 3 });

describe("parseSplit", () => {
  it.each([
    ["official", "official"],
    ["70/20/10", "70/20/10"],
    ["070/20.0/10", "70/20/10"],
    ["33.3/33.3/33.4", "33.3/33.3/33.4"],
    ["80/20/0", "80/20/0"],
  ])("reads %s as %s", (text, name) => {
    expect(parseSplit(text)).toBe(name);
  });

  it.each([
    "",
    "Official",
    "70/20",
    "70/20/10/0",
    "70/20/20",
    "0.7/0.2/0.1",
    "100/0/0",
    "0/90/10",
    "-10/100/10",
    "70/20/1e1",
    " 70/20/10",
    "70/20/NaN",
    "99.9999/0.0001/0",
  ])('refuses "%s"', (text) => {
    expect(() => parseSplit(text)).toThrow(
      expect.objectContaining({
        code: "usage",
        message: expect.stringContaining(`sum to 100, found "${text}"`) as string,
      }),
    );
  });
});

describe("resolveSplit", () => {
  it("is the official split for a run without the field", () => {
    expect(resolveSplit(set, {})).toEqual(officialSplit(set));
    expect(resolveSplit(set, { split: "official" })).toEqual(officialSplit(set));
  });

  it("is the division by ratio and seed for a run with another split", () => {
    const seed = 4;
    expect(resolveSplit(set, { split: "60/30/10", splitSeed: seed })).toEqual(
      mergedSplit(set, { training: 60, validation: 30, seed }),
    );
    expect(describeSplit({ split: "60/30/10", splitSeed: seed })).toBe("60/30/10 with seed 4");
  });
});

describe("splitSizes", () => {
  const lines = (split: "official" | "70/20/10" | "50/20/30") => {
    const choice = split === "official" ? { split } : { split, splitSeed: 1 };
    return splitSizes(set, resolveSplit(set, choice), choice);
  };

  it("names the sizes, and a test split that does not have the size that was asked for", () => {
    const { train, validation, test } = resolveSplit(set, { split: "70/20/10", splitSeed: 1 });
    expect(lines("70/20/10")).toEqual([
      `split 70/20/10 with seed 1: ${train.length} training, ${validation.length} validation and ${test.length} test images`,
    ]);
    expect(lines("50/20/30")[1]).toMatch(
      /^the official test split is always kept: it has 10\.0 % of all images, not 30 %; .* ratio 50:20$/,
    );
    expect(lines("official")).toEqual([]);
  });
});
