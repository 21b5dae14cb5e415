import { describe, expect, it } from "vitest";
import { tinySet } from "../testing/image-set.ts";
import { findDuplicates } from "./duplicates.ts";

const [A, B, C] = [
  [1, 2, 3, 4],
  [9, 9, 9, 9],
  [5, 0, 5, 0],
];

describe("findDuplicates", () => {
  it("finds nothing if all images differ", () => {
    const found = findDuplicates(
      tinySet([
        [0, 0, A],
        [0, 1, B],
        [1, 2, C],
      ]),
    );
    expect(found).toMatchObject({ distinctImages: 3, groups: 0, rowsInGroups: 0, rowGroups: [] });
    expect(found.leaks.every((leak) => leak.rows === 0)).toBe(true);
  });

  it("counts groups, their rows, and groups with different labels", () => {
    const found = findDuplicates(
      tinySet([
        [0, 0, A],
        [0, 0, B],
        [1, 0, A],
        [0, 0, A],
        [0, 0, B],
        [0, 0, C],
      ]),
    );
    expect(found).toMatchObject({
      distinctImages: 3,
      groups: 2,
      rowsInGroups: 5,
      groupsAcrossParts: 0,
      groupsWithConflictingLabels: 1,
      rowGroups: [
        [10, 12, 13],
        [11, 14],
      ],
      conflicts: [{ rows: [10, 12, 13], labels: ["Cat", "Dog", "Cat"] }],
    });
  });

  it("counts the rows of a split that have a copy in another split, not the pairs", () => {
    const found = findDuplicates(
      tinySet([
        [0, 0, A],
        [0, 0, A],
        [0, 2, A],
        [0, 2, A],
        [0, 1, B],
        [0, 2, B],
        [0, 1, C],
        [0, 0, C],
      ]),
    );
    expect(found.groupsAcrossParts).toBe(3);
    expect(found.leaks).toEqual([
      { part: "PrivateTest", copyIn: "Training", rows: 2, rowNumbers: [12, 13] },
      { part: "PublicTest", copyIn: "Training", rows: 1, rowNumbers: [16] },
      { part: "PrivateTest", copyIn: "PublicTest", rows: 1, rowNumbers: [15] },
    ]);
  });
});
