import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { imageAt } from "@mien/format";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/folder.ts";
import { tinySet } from "../testing/image-set.ts";
import { correctImages, describeCorrections, withoutImages } from "./corrections.ts";
import { readCorrections } from "./read-corrections.ts";

// Rows 10 to 13.
const set = tinySet([
  [0, 0, [1, 1, 1, 1]],
  [1, 0, [2, 2, 2, 2]],
  [0, 1, [3, 3, 3, 3]],
  [1, 2, [4, 4, 4, 4]],
]);
const HEADER = "row,action,label,new label,note\n";
const read = async (text: string) => {
  const file = path.join(await temporaryFolder(), "corrections.csv");
  await writeFile(file, text);
  return readCorrections(file);
};

describe("readCorrections", () => {
  it("reads quotes, CRLF, another order of the columns and no notes, with the SHA-256 of the file", async () => {
    const text = '\ufeffaction,row,new label,label\r\nRelabel,11,"Cat",Dog\r\n\r\nkeep,10,,Cat\r\n';
    expect(await read(text)).toMatchObject({
      sha256: createHash("sha256").update(text).digest("hex"),
      entries: [
        { line: 2, row: 11, action: "relabel", label: "Dog", newLabel: "Cat", note: "" },
        { line: 4, row: 10, action: "keep", label: "Cat", newLabel: "", note: "" },
      ],
    });
    const noted = await read(`${HEADER}10,drop,Cat,,"no cat, ""really"""\n`);
    expect(noted.entries[0]?.note).toBe('no cat, "really"');
  });

  it.each([
    ["row,label\n", /expected the header row,action,label,new label,note, found row,label/],
    ["", /found nothing/],
    [`${HEADER}-1,keep,Cat,,\n`, /line 2: expected a row number of 0 or more, found "-1"/],
    [
      `${HEADER}10,keep,Cat,,\n11,remove,Dog,,\n`,
      /line 3: expected one of the actions keep, relabel, drop, found "remove"/,
    ],
    [`${HEADER}10,relabel,Cat,,\n`, /line 2: expected a new label other than Cat, found nothing/],
    [`${HEADER}10,relabel,Cat,Cat,\n`, /line 2: expected a new label other than Cat, found "Cat"/],
    [`${HEADER}10,drop,Cat,Dog,\n`, /line 2: expected no new label with the action drop/],
    [`${HEADER}10,keep,,,\n`, /line 2: expected the label that the data set has/],
    [
      `${HEADER}10,keep,Cat,,\n11,keep,Dog,,\n10,drop,Cat,,\n`,
      /line 4: row 10 is corrected in line 2/,
    ],
    [`${HEADER}10,keep,"Cat,,\n`, /is not a CSV/],
  ])("refuses %j", async (text, problem) => {
    await expect(read(text)).rejects.toMatchObject({
      code: "bad-data",
      message: expect.stringMatching(problem) as string,
    });
  });

  it("names a file that does not exist", async () => {
    await expect(readCorrections("/nowhere/c.csv")).rejects.toMatchObject({ code: "missing-file" });
  });
});

describe("correctImages", () => {
  it("changes labels and lists dropped images, and leaves the given set as it was", async () => {
    const before = Uint8Array.from(set.labels);
    const corrections = await read(
      `${HEADER}13,drop,Dog,,\n11,relabel,Dog,Cat,\n10,keep,Cat,,\n12,drop,Cat,,\n`,
    );
    const { set: corrected, dropped, counts } = correctImages(set, corrections);
    expect([...corrected.labels]).toEqual([0, 0, 0, 1]);
    expect([...dropped]).toEqual([2, 3]);
    expect(describeCorrections(counts)).toBe("corrections: 1 relabelled, 2 dropped, 1 confirmed");
    expect(set.labels).toEqual(before);
    const rest = withoutImages(corrected, dropped);
    expect([...rest.row]).toEqual([10, 11]);
    expect([...rest.usage]).toEqual([0, 0]);
    expect([...imageAt(rest, 1)]).toEqual([2, 2, 2, 2]);
  });

  it("corrects only the given positions, and counts the other changes", async () => {
    const corrections = await read(`${HEADER}11,drop,Dog,,\n12,relabel,Cat,Dog,\n13,keep,Dog,,\n`);
    const {
      set: corrected,
      dropped,
      counts,
    } = correctImages(set, corrections, Uint32Array.of(0, 1));
    expect(corrected.labels).toEqual(set.labels);
    expect([...dropped]).toEqual([1]);
    expect(describeCorrections(counts)).toBe(
      "corrections: 0 relabelled, 1 dropped, 1 confirmed, 1 outside the training split not applied",
    );
  });

  it.each([
    ["9,keep,Cat,,", /line 2: the data set has no row 9/],
    ["10,keep,Dog,,", /line 2: row 10 has the label Cat in the data set, "Dog" here/],
    ["10,relabel,Cat,Bird,", /line 2: there is no class "Bird"/],
  ])("refuses %s, also outside of the given positions", async (line, problem) => {
    const corrections = await read(`${HEADER}${line}\n`);
    expect(() => correctImages(set, corrections, new Uint32Array())).toThrow(problem);
  });
});
