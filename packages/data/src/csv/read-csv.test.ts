import { MienError } from "@mien/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CsvContent } from "./read-csv.ts";
import { describeBadRow } from "./row-collector.ts";
import { cutsArbitrary, lineOf, readText, rowArbitrary, type Row } from "../testing/csv-text.ts";

const HEADER = "emotion,pixels,Usage";

function expectRows({ set, skipped }: CsvContent, rows: readonly Row[]): void {
  expect(skipped).toEqual([]);
  expect([...set.labels]).toEqual(rows.map((row) => row.label));
  expect([...set.usage]).toEqual(rows.map((row) => row.usage));
  expect([...set.pixels]).toEqual(rows.flatMap((row) => row.pixels));
  expect([...set.row]).toEqual(rows.map((_, i) => i));
}

/** The result of reading, or the message of the error, which must be a MienError. */
async function outcome(reading: Promise<CsvContent>): Promise<unknown> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof MienError)) throw error;
    return error.message;
  }
}

describe("readCsv", () => {
  it("reads the plain layout, whatever the line ends and wherever chunks are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 12 }),
        fc.record({ bom: fc.boolean(), crlf: fc.boolean(), finalNewline: fc.boolean() }),
        cutsArbitrary,
        async (rows, { bom, crlf, finalNewline }, cuts) => {
          const end = crlf ? "\r\n" : "\n";
          const lines = [HEADER, ...rows.map(lineOf)].join(end);
          const text = (bom ? "\ufeff" : "") + lines + (finalNewline ? end : "");
          expectRows(await readText(text, { cuts }), rows);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it("reads other column orders, cases, spaces, quotes and further columns to the same rows", async () => {
    const columns = ["emotion", "pixels", "Usage", "note"] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 8 }),
        fc.shuffledSubarray([...columns], { minLength: 4 }),
        fc.record({
          note: fc.boolean(),
          spaced: fc.boolean(),
          upper: fc.boolean(),
          quotes: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
          end: fc.constantFrom("\n", "\r\n"),
        }),
        cutsArbitrary,
        async (rows, order, { note, spaced, upper, quotes, end }, cuts) => {
          const used = order.filter((column) => note || column !== "note");
          const header = used.map((name, i) => {
            const cased = upper ? name.toUpperCase() : name;
            return spaced && i > 0 ? ` ${cased}` : cased;
          });
          let cell = 0;
          const lines = rows.map((row) => {
            const [emotion = "", pixels = "", Usage = ""] = lineOf(row).split(",");
            const values = { emotion, pixels, Usage, note: "a, b" };
            return used
              .map((name) => {
                const quoted = name === "note" || quotes[cell++ % quotes.length] === true;
                return quoted ? `"${values[name]}"` : values[name];
              })
              .join(",");
          });
          expectRows(await readText([header.join(","), ...lines, ""].join(end), { cuts }), rows);
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });

  it("gives the same rows, errors and line numbers by scanner and by csv-parse, for any text", async () => {
    const oddLine = fc.oneof(
      fc.constantFrom(
        "",
        " ",
        " \t ",
        ",",
        ",,",
        "0,1 2 3,Training",
        "0,1 2 3 4 5,Training",
        "3,1 2 3 4,Training",
      ),
      fc.constantFrom(
        "0,1 2 3 256,Training",
        "0,1 2 x 4,Training",
        "0,1  2 3 04 ,Training",
        "0,1 2 3 4",
      ),
      fc.constantFrom(
        "0,1 2 3 4,Train",
        "0,1 2 3 4,Training,",
        " 1 ,1 2 3 4, PublicTest ",
        "0,1 2 3 4,\r",
      ),
      fc.constantFrom(
        '0,"1 2 3 4",Training',
        '"2","1 2 3 4","PrivateTest"',
        '0,"1 2\n3 4",Training',
      ),
      fc.string({ unit: fc.constantFrom(..."0123456789 ,TraingPub".split("")), maxLength: 40 }),
    );
    const lines = fc.array(fc.oneof(rowArbitrary.map(lineOf), oddLine), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        lines,
        cutsArbitrary,
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        async (body, cuts, end, skipBadRows) => {
          const text = [HEADER, ...body].join(end);
          const scanned = await outcome(readText(text, { cuts, skipBadRows }));
          const parsed = await outcome(readText(text, { cuts, skipBadRows, quoted: true }));
          expect(scanned).toEqual(parsed);
        },
      ),
      { seed: 3, numRuns: 600 },
    );
  });

  it("reads arbitrary bytes to rows or throws a MienError", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom("", `${HEADER}\n`, `${HEADER}\n0,1 2 3 4,Training\n`),
        cutsArbitrary,
        async (noise, head, cuts) => {
          const text = Buffer.concat([Buffer.from(head), noise]);
          await outcome(readText(text, { cuts }));
          await outcome(readText(text, { cuts, skipBadRows: true }));
        },
      ),
      { seed: 4, numRuns: 400 },
    );
  });

  const wrong: [what: string, row: string, message: string][] = [
    [
      "a label without a class",
      "3,1 2 3 4,Training",
      'column emotion: expected a label from 0 to 2, found "3"',
    ],
    [
      "a label that is not a number",
      "x,1 2 3 4,Training",
      'column emotion: expected a label from 0 to 2, found "x"',
    ],
    ["a pixel too few", "0,1 2 3,Training", "column pixels: expected 4 values, found 3"],
    ["a pixel too many", "0,1 2 3 4 5,Training", "column pixels: expected 4 values, found 5"],
    [
      "a value over 255",
      "0,1 2 256 4,Training",
      'column pixels: expected whole numbers from 0 to 255, found "256" as value 3',
    ],
    [
      "a value that is not a number",
      "0,1 -2 3 4,Training",
      'column pixels: expected whole numbers from 0 to 255, found "-2" as value 2',
    ],
    [
      "an unknown split",
      "0,1 2 3 4,Test",
      'column Usage: expected Training, PublicTest or PrivateTest, found "Test"',
    ],
    [
      "a missing column",
      "0,1 2 3 4",
      'expected 3 columns (emotion,pixels,Usage), found 2 in "0,1 2 3 4"',
    ],
  ];
  it.each(wrong)("names line, column, expected and found for %s", async (_, row, message) => {
    const text = [HEADER, "0,1 2 3 4,Training", row, "1,1 2 3 4,Training", ""].join("\n");
    const failing = readText(text);
    await expect(failing).rejects.toMatchObject({ name: "MienError", code: "bad-data" });
    const where = message.startsWith("column") ? "line 3, " : "line 3: ";
    await expect(failing).rejects.toThrow(`tiny.csv, ${where}${message}`);

    const { set, skipped } = await readText(text, { skipBadRows: true });
    expect([...set.row]).toEqual([0, 2]);
    expect(skipped.map(describeBadRow)).toEqual([`${where}${message}`]);
    expect(skipped[0]?.row).toBe(1);
  });

  it("says that a file may be cut off when its last line is wrong and has no end", async () => {
    const text = `${HEADER}\n0,1 2 3 4,Training\n1,1 2 3`;
    const advice = async (cutText: string) =>
      readText(cutText).then(
        () => "",
        (error: MienError) => error.advice,
      );
    expect(await advice(text)).toContain("may be cut off");
    expect(await advice(`${text}\n`)).not.toContain("may be cut off");
    expect(await advice(text.replace(HEADER, "emotion, pixels, Usage"))).toContain(
      "may be cut off",
    );
  });

  it("counts lines right after quoted fields that span lines", async () => {
    const text = `${HEADER},note\n0,1 2 3 4,Training,"a\r\nb\nc"\n0,1 2 3,Training,x\n`;
    await expect(readText(text)).rejects.toThrow("line 5, column pixels");
  });

  it.each([
    ["nothing", "", "expected rows, found none"],
    ["only a header", `${HEADER}\n`, "expected rows, found none"],
    [
      "another table",
      "a,b\n1,2\n",
      'expected a column called emotion, found no such column in "a, b"',
    ],
    [
      "a column twice",
      "emotion,emotion,pixels,usage\n",
      "expected a column called emotion, found it more",
    ],
  ])("refuses %s", async (_, text, message) => {
    await expect(readText(text)).rejects.toThrow(message);
  });

  it("refuses unmatched quotes, and names the line of the first wrong one", async () => {
    const good = `${HEADER}\n0,1 2 3 4,Training\n`;
    await expect(readText(`${good}0,"1 2 3 4,Training\n`)).rejects.toThrow(
      /line [34].*closing quote/,
    );
    await expect(readText(`${good}0,1 2"3 4,Training\n`)).rejects.toThrow(
      "line 3: expected a quote only",
    );
    await expect(readText(`${good}0,"1 2 3 4"x,Training\n`)).rejects.toThrow(
      "line 3: expected a comma",
    );
  });

  it.each([false, true])(
    "stops reading an endless line before it fills the memory (quoted: %s)",
    async (quoted) => {
      const endless = `${HEADER}\n0,1 2 3 4,Training\n0,${"1 ".repeat(100_000)}`;
      const failing = readText(endless, { quoted, skipBadRows: true, cuts: [5000] });
      await expect(failing).rejects.toThrow("line 3: expected a row of at most 65536 bytes");
    },
  );

  it("stops skipping when nearly all rows are invalid", async () => {
    const rubbish = `${HEADER}\n${"x\n".repeat(20_000)}`;
    await expect(readText(rubbish, { skipBadRows: true })).rejects.toThrow(
      "more than 10000 of the first 10001 rows are wrong",
    );
  });
});
