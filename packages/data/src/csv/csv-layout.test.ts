import type { MienError } from "@mien/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CsvContent } from "./read-csv.ts";
import { cutsArbitrary, lineOf, readText, rowArbitrary } from "../testing/csv-text.ts";

const HEADER = "emotion,pixels,Usage";
const ROW = "0,1 2 3 4,Training";

/** Message and advice of the error that reading throws. */
async function refusal(reading: Promise<CsvContent>): Promise<string> {
  const error = await reading.then(
    () => undefined,
    (thrown: MienError) => thrown,
  );
  expect(error).toMatchObject({ name: "MienError", code: "bad-data" });
  return `${error?.message}\n${error?.advice}`;
}

describe("readCsv reads other layouts to the same rows and warns about the difference", () => {
  it.each([
    [";", "semicolons"],
    ["\t", "tabs"],
    ["|", "vertical bars"],
  ])("columns separated by %j", async (separator, named) => {
    const cell = fc.constantFrom(
      (text: string) => text,
      (text: string) => `"${text}"`,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 6 }),
        fc.record({ bom: fc.boolean(), excel: fc.boolean(), end: fc.constantFrom("\n", "\r\n") }),
        cell,
        cutsArbitrary,
        async (rows, { bom, excel, end }, quoted, cuts) => {
          const lines = [HEADER, ...rows.map(lineOf)].map((line) =>
            line.split(",").map(quoted).join(separator),
          );
          const first = excel ? [`sep=${separator}`] : [];
          const text = (bom ? "\ufeff" : "") + [...first, ...lines, ""].join(end);
          const { set, notes } = await readText(text, { cuts });
          expect([...set.pixels]).toEqual(rows.flatMap(({ pixels }) => pixels));
          expect([...set.labels]).toEqual(rows.map(({ label }) => label));
          expect([...set.usage]).toEqual(rows.map(({ usage }) => usage));
          expect(notes).toHaveLength(1);
          expect(notes[0]).toContain(`separated by ${named}, where commas are expected`);
        },
      ),
      { seed: 5, numRuns: 60 },
    );
  });

  const rows = [ROW, "2,5 6 7 8,PublicTest"];
  const indexed = rows.map((row, i) => `${i},${row}`);
  it.each([
    ["sep=,", ["sep=,", HEADER, ...rows], 0],
    ["blank lines everywhere", ["", " ", HEADER, " ", ...rows, "\t", " "], 0],
    ["an index column without a name (pandas)", [`,${HEADER}`, ...indexed], 0],
    ["an index column beyond the header (R)", [HEADER, ...indexed], 1],
    [
      "an index column beyond the header, with quotes",
      ['"emotion","pixels","Usage"', ...indexed],
      1,
    ],
    ["a comma at the end of each line", [`${HEADER},`, ...rows.map((row) => `${row},`)], 0],
    ["pixels as a list", [HEADER, '0,"[1, 2, 3, 4]",Training', '2,"5,6,7,8",PublicTest'], 0],
    [
      "pixels as NumPy prints them",
      [HEADER, "0,[1 2 3 4],Training", '2,"[[5 6]\n [7 8]]",PublicTest'],
      0,
    ],
    [
      "pixels with a decimal point",
      [HEADER, "0,1.0 2.0 3. 4,Training", "2,5 6 7.00 8,PublicTest"],
      0,
    ],
  ])("%s", async (_, lines, notes) => {
    for (const text of [lines.join("\n"), [...lines, ""].join("\r\n")]) {
      for (const quoted of [false, true]) {
        const content = await readText(text, { quoted });
        expect([...content.set.labels]).toEqual([0, 2]);
        expect([...content.set.pixels]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
        expect([...content.set.row]).toEqual([0, 1]);
        expect(content.notes).toHaveLength(notes);
      }
    }
  });

  it("counts lines from the file's beginning", async () => {
    const wrong = "0,1 2 3,Training";
    const text = ["", "sep=;", HEADER, ROW, wrong].join("\n").replaceAll(",", ";");
    await expect(readText(text)).rejects.toThrow("line 5, column pixels");
    await expect(readText(["", HEADER, ROW, " ", wrong].join("\n"))).rejects.toThrow("line 5, ");
  });
});

describe("readCsv refuses a file and names the cause", () => {
  it.each<[what: string, text: string, said: RegExp]>([
    [
      "no header",
      `${ROW}\n${ROW}\n`,
      /line 1: expected a header.*found a row.*\n.*Add the line emotion/,
    ],
    [
      "no Usage",
      "emotion,pixels\n0,1 2 3 4\n",
      /called usage, found no such.*\nAdd a column Usage/,
    ],
    [
      "a column for each pixel",
      "emotion,pixel0,pixel1,pixel2,pixel3,Usage\n0,1,2,3,4,Training\n",
      /called pixels.*\nThe file has one column per pixel/,
    ],
    [
      "pixels between commas",
      `${HEADER}\n0,1,2,3,4,Training\n`,
      /found 6 in .*\nSeparate the pixels/,
    ],
    ["lines that end in CR", `${HEADER}\r${ROW}\r${ROW}\r`, /found lines that end in CR alone/],
    [
      "a comma at the end of a row",
      `${HEADER}\n${ROW},\n`,
      /found 4 in .*\nRemove the comma at the end/,
    ],
    [
      "a further column in front",
      `${HEADER}\nx,${ROW}\n`,
      /found 4 in .*\n.*index=False.*row\.names=FALSE/,
    ],
    [
      "scaled pixels",
      `${HEADER}\n0,0.0 0.5 1.0 0.25,Training\n`,
      /whole numbers from 0 to 255, found values of at most 1, such as "0\.5".*\n.*multiply by 255/,
    ],
    [
      "a shortened array",
      `${HEADER}\n0,[255 254 ... 3 4],Training\n`,
      /expected 4 values, found an array that was shortened.*\nWrite all values/,
    ],
    [
      "a list of another length",
      `${HEADER}\n0,"[1, 2, 3]",Training\n`,
      /expected 4 values, found 3/,
    ],
    [
      "an image of another size",
      `${HEADER}\n0,${"7 ".repeat(64 * 64)},Training\n`,
      /found 4096\n4096 values are an image of 64×64 pixels, grey.*is 2×2.*tiny\.manifest\.json/,
    ],
    [
      "an image in colour",
      `${HEADER}\n0,${"7 ".repeat(48 * 48 * 3)},Training\n`,
      /6912 values are an image of 48×48 pixels, 3 channels/,
    ],
    [
      "an image too large for a row",
      `${HEADER}\n0,${"127 ".repeat(224 * 224)},Training\n`,
      /line 2: expected a row of at most.*\n.*image size is 2×2.*tiny\.manifest\.json/,
    ],
    [
      "a label beyond the classes",
      `${HEADER}\n3,1 2 3 4,Training\n`,
      /found "3"\nThe classes are 0 Cat, 1 Dog, 2 Owl.*other classes.*tiny\.manifest\.json/,
    ],
    [
      "another header, printed safely",
      "Gefühl,表情\u001b[2J\n1,2\n",
      /found no such column in "Gefühl, 表情\\u001b\[2J"/,
    ],
  ])("%s", async (_, text, said) => {
    expect(await refusal(readText(text, { cuts: [1e6] }))).toMatch(said);
    expect(await refusal(readText(text, { cuts: [1e6], quoted: true }))).toMatch(said);
  });
});
