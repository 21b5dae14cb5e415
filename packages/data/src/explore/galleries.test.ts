import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { groupPictures } from "../near/pictures.ts";
import type { NearPair } from "../near/near-pair.ts";
import { VOTE_COLUMNS, type Votes } from "../set/ferplus.ts";
import { TINY } from "../testing/csv-text.ts";
import { tinySet } from "../testing/image-set.ts";
import { exploreDataset } from "./dataset-report.ts";
import { findingsCsv } from "./findings-csv.ts";
import { findingsOf } from "./findings.ts";
import { foundImages } from "./galleries.ts";
import { renderGalleries } from "../explore-page/gallery-html.ts";
import { compareWithVotes, describeVotes } from "./vote-agreement.ts";

const identity = { path: "tiny.csv", manifest: TINY, sha256: "0".repeat(64), warnings: [] };
const [A, B, C, D] = [
  [0, 90, 180, 250],
  [250, 0, 250, 100],
  [10, 30, 10, 30],
  [7, 7, 7, 7],
];

/** Rows 10 to 17: a group of copies across splits with two labels, a near-copy, a dark and a blank image. */
const SET = tinySet([
  [0, 0, A],
  [1, 1, A],
  [0, 0, B],
  [0, 0, B],
  [0, 2, [250, 1, 250, 100]],
  [1, 0, C],
  [1, 0, D],
  [0, 1, [90, 200, 90, 10]],
]);
const NEAR: NearPair = { a: 2, b: 4, similarity: 0.98, isMirrored: true, x: 0, y: 0, scale: 0 };
const REPORT = exploreDataset(SET, identity, {
  pictures: groupPictures(SET, [NEAR]),
  skippedRows: [{ row: 3, line: 5, column: "pixels", expected: "4 values", found: "3" }],
});
const FOUND = foundImages(SET, REPORT);
const rowsOf = (kind: string) =>
  FOUND.find((one) => one.kind === kind)?.groups.map(({ rows }) => rows);

describe("foundImages", () => {
  it("puts a group under each thing that is wrong with it, and sound copies under copies", () => {
    expect(rowsOf("copy-across-splits")).toEqual([[10, 11]]);
    expect(rowsOf("copy-with-other-label")).toEqual([[10, 11]]);
    expect(rowsOf("copy")).toEqual([[12, 13]]);
    expect(rowsOf("near-copy-across-splits")).toEqual([[12, 13, 14]]);
    expect(rowsOf("near-copy")).toBeUndefined();
  });

  it("lists a blank image as blank only", () => {
    expect(rowsOf("blank")).toEqual([[16]]);
    expect(rowsOf("dark")).toEqual([[15]]);
    expect(rowsOf("low-contrast")).toEqual([[15]]);
  });

  it("names the images with conflicting labels in the report", () => {
    expect(REPORT.duplicates.conflicts).toEqual([{ rows: [10, 11], labels: ["Cat", "Dog"] }]);
    expect(REPORT.duplicates.leaks[1]).toMatchObject({ rows: 1, rowNumbers: [11] });
  });

  it("has images for each finding that refers to some", () => {
    const kinds = findingsOf(REPORT).flatMap((finding) => finding.kinds ?? []);
    expect(kinds).toContain("near-copy-across-splits");
    for (const { kind } of FOUND) expect(kinds).toContain(kind);
  });
});

describe("findingsCsv", () => {
  const csv = parse(findingsCsv(SET, REPORT, { found: FOUND, votes: undefined }), {
    columns: true,
  });

  it("has one line for each row of each finding, and one for each invalid row", () => {
    const found = FOUND.flatMap(({ groups }) => groups.flatMap(({ rows }) => rows));
    expect(csv).toHaveLength(found.length + 1);
    expect(csv).toContainEqual({
      row: "11",
      kind: "copy-across-splits",
      group: "copy-1",
      detail: "PublicTest; Dog",
    });
    expect(csv.at(-1)).toMatchObject({ row: "3", kind: "invalid" });
  });

  it("says how similar a near-copy is, and to which row; not for its exact copy", () => {
    const near = (csv as Record<string, string>[]).filter(({ kind }) => kind?.startsWith("near"));
    expect(near.map(({ row, detail }) => `${row} ${detail}`)).toEqual([
      "12 Training; Cat; similarity 0.98 to row 14, mirrored",
      "13 Training; Cat",
      "14 PrivateTest; Cat; similarity 0.98 to row 12, mirrored",
    ]);
  });
});

describe("renderGalleries", () => {
  const render = (count: number) => {
    const set = tinySet(
      Array.from({ length: count }, (_, i) => [i === count - 1 ? 1 : 0, 0, A] as const),
    );
    const report = exploreDataset(set, identity, {
      pictures: groupPictures(set, []),
      skippedRows: [],
    });
    const found = foundImages(set, report);
    const content = {
      found,
      votes: undefined,
      samples: [],
      means: [],
      alsoStored: [],
      csv: "findings.csv",
    };
    return renderGalleries(set, content);
  };

  it("cuts a large group, but shows the image with another label", () => {
    const { html } = render(30);
    expect(html.match(/<figure/g)).toHaveLength(8);
    expect(html).toContain("22 more in the CSV");
    expect(html).toContain("row 39");
  });

  it("stores an image that several galleries show once, and refers to no other file", () => {
    const both = renderGalleries(SET, {
      ...{
        found: FOUND,
        votes: undefined,
        samples: [[0], []],
        means: [],
        alsoStored: [],
        csv: "findings.csv",
      },
    });
    const places = new Set(both.html.match(/sheet-0" style="[^"]*"/g));
    expect(places.size).toBeLessThan((both.html.match(/<figure/g) ?? []).length);
    expect(both.css.match(/url\((?!data:image\/webp;base64,)/g)).toBeNull();
  });
});

describe("compareWithVotes", () => {
  const set = {
    ...tinySet([0, 0, 0, 1, 0].map((label) => [label, 0, A])),
    classes: ["Happy", "Sad"],
  };
  const give = (votes: Partial<Record<(typeof VOTE_COLUMNS)[number], number>>) =>
    VOTE_COLUMNS.map((name) => votes[name] ?? 0);
  const votes: Votes = {
    columns: VOTE_COLUMNS,
    counts: Uint8Array.from([
      ...give({ happiness: 9, surprise: 1 }),
      ...give({ sadness: 8, unknown: 2 }),
      ...give({ NF: 10 }),
      ...give({ sadness: 5, happiness: 5 }),
      ...give({ happiness: 3, sadness: 2, anger: 2, fear: 2, contempt: 1 }),
    ]),
    path: "ferplus.csv",
    sha256: "",
  };
  const found = compareWithVotes(set, votes);

  it("counts each label under the answer with the most votes", () => {
    expect(found.columns).toEqual(["Happy", "Sad", "other", "tie"]);
    expect(found.matrix).toEqual([
      [2, 1, 1, 0],
      [0, 0, 0, 1],
    ]);
    expect(found.disagreement).toEqual([expect.closeTo(1 / 3), null]);
    expect(found.overall).toBeCloseTo(1 / 3);
  });

  it("names contradicted labels, images that are no face, and disputed ones", () => {
    expect(found.contradictedRows).toEqual([11]);
    expect(found.noFaceRows).toEqual([12]);
    expect(found.unanimouslyNoFace).toBe(1);
    expect(found.disputedRows).toEqual([14]);
  });

  it("writes votes with the names of the classes, the most frequent first", () => {
    expect(describeVotes(set, votes, 1)).toBe("Sad 8, unknown 2");
    expect(describeVotes(set, votes, 2)).toBe("no face 10");
  });
});
