import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/folder.ts";
import { tinySet } from "../testing/image-set.ts";
import { readProbabilities } from "./read-probabilities.ts";

// Rows 10 to 12.
const set = tinySet([
  [0, 0, [1, 1, 1, 1]],
  [1, 0, [2, 2, 2, 2]],
  [0, 1, [3, 3, 3, 3]],
]);
const data = { set, sha256: "a".repeat(64) };
const HEADER = "row,split,fold,label,Cat,Dog\n";
const GOOD = `${HEADER}11,Training,2,Dog,0.250000,0.750000\n10,Training,1,Cat,0.5,0.5\n`;

/** A .npy file, version 1, as numpy writes it. */
function npy(values: readonly number[], header: string): Buffer {
  const text = `${header.padEnd(53)}\n`;
  const head = Buffer.from("\u0093NUMPY\u0001\u0000..", "latin1");
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text), Buffer.from(Float32Array.from(values).buffer)]);
}
const SHAPE = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

async function folderWith(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = path.join(await temporaryFolder(), "crossval");
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(folder, name), content);
  }
  return folder;
}

describe("readProbabilities", () => {
  it("reads a folder or its CSV, sorted by position, with the features", async () => {
    const folder = await folderWith({
      "probabilities.csv": GOOD,
      "features.npy": npy([1, 2, 3, 4, 5, 6], SHAPE),
      "crossval.json": JSON.stringify({ data: { sha256: data.sha256 } }),
    });
    for (const place of [folder, path.join(folder, "probabilities.csv")]) {
      const read = await readProbabilities(place, data);
      expect([...read.probabilities]).toEqual([0.5, 0.5, 0.25, 0.75, 0, 0]);
      expect([...read.isKnown]).toEqual([1, 1, 0]);
      expect([...read.fold]).toEqual([1, 2, 0]);
      expect(read.features).toMatchObject({ rows: 3, columns: 3 });
      expect([...read.features!.values]).toEqual([4, 5, 6, 1, 2, 3, 0, 0, 0]);
    }
  });

  it("reads a CSV without features, and images in no fold", async () => {
    const folder = await folderWith({
      "probabilities.csv": `${HEADER}12,PublicTest,,Cat,0.999,0.0009\n`,
    });
    const read = await readProbabilities(folder, data);
    expect(read.features).toBeUndefined();
    expect([...read.fold]).toEqual([0, 0, 0]);
    expect([...read.isKnown]).toEqual([0, 0, 1]);
  });

  it.each([
    ["row,label,Cat,Dog\n", "bad-data", /expected the header row,split,fold,label,Cat,Dog, found/],
    ["", "bad-data", /found nothing/],
    [`${GOOD}13,Training,1,Cat,1,0\n`, "mismatch", /line 4: the data set has no row "13"/],
    [`${GOOD}10,Training,1,Cat,1,0\n`, "bad-data", /line 4: row 10 occurs twice/],
    [`${HEADER}10,PublicTest,1,Cat,1,0\n`, "mismatch", /line 2: row 10 has the split Training/],
    [`${HEADER}10,Training,1,Dog,1,0\n`, "mismatch", /line 2: row 10 has the label Cat/],
    [`${HEADER}10,Training,0,Cat,1,0\n`, "bad-data", /line 2: expected a fold from 1, or none/],
    [`${HEADER}10,Training,1,Cat,1\n`, "bad-data", /line 2: expected 6 values, found 5/],
    [`${HEADER}10,Training,1,Cat,1,\n`, "bad-data", /line 2: expected a probability of 0 to 1/],
    [`${HEADER}10,Training,1,Cat,1.2,-0.2\n`, "bad-data", /line 2: expected a probability/],
    [`${HEADER}10,Training,1,Cat,0.5,0.4\n`, "bad-data", /sum to 1, found the sum 0.9000/],
  ])("refuses %j", async (text, code, message) => {
    const folder = await folderWith({ "probabilities.csv": text });
    await expect(readProbabilities(folder, data)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ["another kind of file", Buffer.from("row,1,2")],
    ['values of the type "<f8"', npy([1], SHAPE.replace("<f4", "<f8"))],
    ["Fortran order", npy([1], SHAPE.replace("False", "True"))],
    ["4 bytes of values instead of 24", npy([1], SHAPE)],
    ["the header", npy([1], SHAPE.replace("(2, 3)", "(6,)"))],
  ])("refuses features that are %s", async (problem, content) => {
    const folder = await folderWith({ "probabilities.csv": GOOD, "features.npy": content });
    await expect(readProbabilities(folder, data)).rejects.toThrow(problem);
  });

  it("refuses features of other images, and a cross-validation of another data set", async () => {
    const shape = SHAPE.replace("(2, 3)", "(3, 1)");
    const other = await folderWith({
      "probabilities.csv": GOOD,
      "features.npy": npy([1, 2, 3], shape),
    });
    await expect(readProbabilities(other, data)).rejects.toThrow(/has 3 rows, .* 2/);
    const stranger = await folderWith({
      "probabilities.csv": GOOD,
      "crossval.json": JSON.stringify({ data: { sha256: "b".repeat(64) } }),
    });
    await expect(readProbabilities(stranger, data)).rejects.toMatchObject({ code: "mismatch" });
  });
});
