import { describe, expect, it } from "vitest";
import { tinySet } from "../testing/image-set.ts";
import { TINY } from "../testing/csv-text.ts";
import { findingsOf } from "./findings.ts";
import { groupPictures } from "../near/pictures.ts";
import { exploreDataset } from "./dataset-report.ts";

const identity = { path: "tiny.csv", manifest: TINY, sha256: "0".repeat(64), warnings: [] };

function findings(images: Parameters<typeof tinySet>[0]) {
  const set = tinySet(images);
  const pictures = groupPictures(set, []);
  return findingsOf(exploreDataset(set, identity, { pictures, skippedRows: [] }));
}

const texts = (images: Parameters<typeof tinySet>[0], level: string) =>
  findings(images)
    .filter((finding) => finding.level === level)
    .map((finding) => finding.text)
    .join("\n");

/** A set without faults: in each split one Cat and one Dog, all different. */
const SOUND = [0, 1, 2].flatMap((usage) =>
  [0, 1].map((label) => [label, usage, [usage * 80, label * 200, 70, 190]] as const),
);

describe("findingsOf", () => {
  it("reports only good findings on a set without faults", () => {
    expect(findings(SOUND).map(({ level }) => level)).toEqual(findings(SOUND).map(() => "good"));
  });

  it("reports copies in two splits, and copies with different labels, as problems", () => {
    const problems = texts([...SOUND, [1, 2, [0, 0, 70, 190]]], "problem");
    expect(problems).toContain("1 PrivateTest row has a copy in Training");
    expect(problems).toContain("1 image carries different labels");
  });

  it("reports blank images and missing classes as problems", () => {
    const problems = texts(
      [
        [0, 0, [7, 7, 7, 7]],
        [0, 1, [1, 200, 3, 4]],
      ],
      "problem",
    );
    expect(problems).toContain("1 image is blank: the standard deviation of its values");
    expect(problems).toContain("No images of: Dog");
  });

  it("calls classes unbalanced from a ratio of three to one on", () => {
    const many = [1, 2, 3].map((i) => [0, 0, [i, 100, 0, 200]] as const);
    expect(texts([...SOUND, ...many], "problem")).toBe("");
    const more = [4, 5, 6].map((i) => [0, 0, [i, 100, 0, 200]] as const);
    expect(texts([...SOUND, ...many, ...more], "problem")).toContain(
      "3.0 to 1 between Cat (9) and Dog (3)",
    );
  });
});
