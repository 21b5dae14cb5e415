import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { MienError } from "../errors.ts";
import { checkFolderName, toFolderName } from "./folder-name.ts";

const parent = mkdtempSync(path.join(tmpdir(), "mien-names-"));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

/** Texts that are likely to break a rule. */
const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom("a", "é", "字", " ", ".", "-", "/", "\\", ":", "\n", "\u0000"),
  }),
  fc.constantFrom("con", "NUL.txt", "lpt1", ".", "..", "", "-", "--out", "~"),
  fc.string({ unit: "grapheme", minLength: 190, maxLength: 300 }),
);

/** The name if it is accepted; undefined if it is refused with a MienError. */
function acceptedName(text: string): string | undefined {
  try {
    return checkFolderName(text, "it");
  } catch (error) {
    if (error instanceof MienError) return undefined;
    throw error;
  }
}

describe("the name of a folder", () => {
  it.each([
    ["", /it is empty/],
    [".", /already exists/],
    ["..", /already exists/],
    ["a/b", /must not contain/],
    ["a\\b", /must not contain/],
    ["/", /must not contain/],
    ["-x", /read as a flag/],
    ["--out", /read as a flag/],
    ["a\nb", /cannot be printed/],
    ["\u001b[31m", /cannot be printed/],
    ["\ud800", /cannot be printed/],
    [" a", /space/],
    ["a ", /space/],
    ["a.", /dot/],
    ["a:b", /does not allow :/],
    ["what?", /does not allow \?/],
    ["CON", /reserves/],
    ["nul.txt", /reserves/],
    ["x".repeat(201), /201 bytes/],
    ["字".repeat(67), /201 bytes/],
  ])("cannot be %j", (name, problem) => {
    const check = () => checkFolderName(name, "--study");
    expect(check).toThrow(MienError);
    expect(check).toThrow(problem);
    expect(check).toThrow(/^--study cannot be "/);
  });

  it("may be of any script, with dots, dashes, spaces and accents inside", () => {
    for (const name of ["fer2013-default", "Übung 3", "表情", "a.b_c-d", ".hidden", "console"]) {
      expect(checkFolderName(name, "--study")).toBe(name);
      expect(toFolderName(name)).toBe(name);
    }
  });

  it("names one new folder inside its parent if it is accepted", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const name = acceptedName(text);
        if (name !== undefined) mkdirSync(path.join(parent, name));
        const made = readdirSync(parent);
        for (const folder of made) rmSync(path.join(parent, folder), { recursive: true });
        expect(made).toEqual(name === undefined ? [] : [name]);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("can be made from any text", () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const name = toFolderName(text);
        expect(checkFolderName(name, "it")).toBe(name);
      }),
      { seed: 1, numRuns: 1000 },
    );
    expect(toFolderName("../FER 2013: all/part")).toBe("FER 2013- all-part");
    expect(toFolderName("..")).toBe("unnamed");
    expect(toFolderName("NUL")).toBe("_NUL");
  });
});
