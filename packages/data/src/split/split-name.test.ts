import { describe, expect, it } from "vitest";
import { chooseSplit, describeSplit, foldsOf, parseSplit } from "./split-name.ts";

describe("parseSplit", () => {
  it.each([
    ["official", "official"],
    ["70/20/10", "70/20/10"],
    ["070/20.0/10", "70/20/10"],
    ["33.3/33.3/33.4", "33.3/33.3/33.4"],
    ["80/20/0", "80/20/0"],
    ["k-fold:5", "k-fold:5"],
    ["k-fold:010", "k-fold:10"],
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

  it.each(["k-fold", "k-fold:", "k-fold:1", "k-fold:101", "k-fold:2.5", "k-folds:5", "k-fold:-3"])(
    'refuses "%s"',
    (text) => {
      expect(() => parseSplit(text)).toThrow(
        expect.objectContaining({
          code: "usage",
          message: expect.stringContaining(`needs K from 2 to 100, found "${text}"`) as string,
        }),
      );
    },
  );
});

describe("chooseSplit", () => {
  it("fills in the seed and the fold, and keeps near-copies together", () => {
    expect(chooseSplit({ split: "official", splitSeed: 4 })).toEqual({ split: "official" });
    expect(chooseSplit({ split: "70/20/10" })).toEqual({
      split: "70/20/10",
      splitSeed: 1,
      splitTogether: "near-copies",
    });
    const folds = chooseSplit({ split: "k-fold:5", splitSeed: 0, fold: 5 });
    expect(folds).toEqual({
      split: "k-fold:5",
      splitSeed: 0,
      splitTogether: "near-copies",
      fold: 5,
    });
    expect(describeSplit(folds)).toBe("k-fold:5 with seed 0, fold 5");
    expect(chooseSplit({ split: "k-fold:3" }).fold).toBe(1);
    expect(foldsOf("70/20/10")).toBeUndefined();
  });

  it("refuses a fold that does not exist", () => {
    expect(() => chooseSplit({ split: "k-fold:5", fold: 6 })).toThrow(
      "--fold must be 1 to 5 for --split k-fold:5, found 6",
    );
    expect(() => chooseSplit({ split: "70/20/10", fold: 1 })).toThrow("--fold needs --split");
  });
});
