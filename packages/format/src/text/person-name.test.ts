import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPersonName, personNameProblem, toPersonName } from "./person-name.ts";

describe("a person's name", () => {
  it.each([
    ["Ada"],
    ["Zoë O'Hara-Łuk"],
    ["Renée d’Arc"],
    ["李小龍"],
    ["अदा", "Hindi"],
    ["क्\u200dष", "Hindi with U+200D"],
    ["شاه\u200cرخ", "Persian with U+200C"],
    ["ශ්\u200dරී", "Sinhala with U+200D"],
    ["Gal·la", "Catalan with U+00B7"],
    ["ジョン・スミス", "Japanese middle dot"],
    ["葛\u{e0100}城", "Japanese with a variation selector"],
    ["Ռուբեն֊Սարգիս", "Armenian hyphen"],
    ["צ׳רצ׳יל", "Hebrew geresh"],
    ["བསྟན་འཛིན", "Tibetan"],
    ["N\u030ban", "a mark without a composed letter"],
    ["José (2)"],
    ["J. R. R. Tolkien, Jr."],
    ["Ada & Ben"],
    ["Ada 🙂"],
    ["Connie"],
  ] as [name: string, language?: string][])("may be %s", (name) => {
    expect(checkPersonName(name)).toBe(name.normalize("NFC"));
  });

  it.each([
    ["", "it is empty"],
    [" \u3000 ", "it is empty"],
    ["a\nb", "a line break"],
    ["a\u2028b", "a line break"],
    ["Ada\r", "a line break"],
    ["a\tb", "a tab"],
    ["a\u0000b", "a control character"],
    ["\u001b[31mred", "a control character"],
    ["a\u009bb", "a control character"],
    ["a\u202eb", "reverses the text's direction"],
    ["\u200fAda", "reverses the text's direction"],
    ["a\u2066b", "reverses the text's direction"],
    ["a\u200bb", "an invisible character"],
    ["a\ufeffb", "an invisible character"],
    ["a\u00adb", "an invisible character"],
    ["\u200dAda", "an invisible character"],
    ["Ada \u200cB", "an invisible character"],
    ["\u3164\u3164", "an invisible character"],
    ["a\ud800b", "half a character"],
    ["a/b", "a slash"],
    ["a\\b", "a slash"],
    ["<b>", "an angle bracket"],
    ["a:b", "not allowed in the names of files"],
    ['a"b', "not allowed in the names of files"],
    ["--", "no letter"],
    ["..", "no letter"],
    ["🙂", "no letter"],
    ["--out", "begins with a dash"],
    [".Ada", "begins with a dot"],
    ["\u0301a", "begins with an accent"],
    ["CON", "a device"],
    ["nul.txt", "a device"],
    ["LPT1", "a device"],
    ["Unknown 3", "people who are not recognised"],
    ["unknown, track 3", "people who are not recognised"],
    ["Face 12", "people who are not recognised"],
    ["x".repeat(101), "longer than 100"],
  ])("may not be %j: %s", (name, words) => {
    const problem = personNameProblem(toPersonName(name));
    expect(problem).toContain(words);
    expect(() => checkPersonName(name)).toThrow(`this cannot be a name: ${problem}`);
  });

  it("is refused with a message in plain ASCII, because its characters may harm the terminal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 120 }), (text) => {
        expect(personNameProblem(toPersonName(text)) ?? "").toMatch(/^[ -~]*$/);
        expect(personNameProblem(toPersonName(text)) ?? "").not.toMatch(/U\+|\\u/);
      }),
      { seed: 6, numRuns: 2000 },
    );
  });

  it("is normalised to the same text from all its encodings, and does not change further", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const name = toPersonName(text);
        expect(toPersonName(text.normalize("NFD"))).toBe(name);
        expect(toPersonName(`\u3000${text} `)).toBe(name);
        expect(toPersonName(name)).toBe(name);
      }),
      { seed: 6 },
    );
    expect(checkPersonName("山田\u3000太郎")).toBe("山田 太郎");
  });
});
