import fc from "fast-check";
import { toPersonName } from "@mien/format";
import { describe, expect, it } from "vitest";
import { fileNameOf } from "./person-file-name.ts";

/** Letters that differ in case or accents, and characters that file names treat specially. */
const SIMILAR = [
  ..."aAsSßſσςΣ\u00e9iİı字%2f- ./:'",
  "e\u0301",
  "\u200c",
  "\u3164",
  "\u0345",
  "\ud800",
  "\udc00",
];

/** Short names of such characters. */
const alike = fc.string({
  unit: fc.constantFrom(...SIMILAR),
  maxLength: 4,
});
const name = fc.oneof(
  alike,
  fc.string({ unit: "binary" }),
  fc
    .tuple(fc.constantFrom("a".repeat(58), "字".repeat(59), "🙂".repeat(60)), alike)
    .map((parts) => parts.join("")),
);

/** Functions that map all file names that a file system treats as the same to one string. */
const views = [
  (file: string) => file.normalize("NFD").toLowerCase(),
  (file: string) => file.normalize("NFD").toUpperCase(),
  (file: string) => file.normalize("NFD").replace(/\p{Default_Ignorable_Code_Point}/gu, ""),
];

describe("the name of a person's file", () => {
  it.each([
    ["Ada Lovelace", "Ada Lovelace.person"],
    ["李小龍", "李小龍.person"],
    ["अदा", "अदा.person"],
    ["Zoë O'Hara-Łuk", "Zoë O'Hara-Łuk.person"],
    ["J. R. R. Tolkien", "J. R. R. Tolkien.person"],
    ["ada", "ada-37e955d2.person"],
    ["Straße", /^Straße-[\da-f]{8}\.person$/],
    ["Ludwig van Beethoven", /^Ludwig van Beethoven-[\da-f]{8}\.person$/],
    ["a/b", /^a-b-[\da-f]{8}\.person$/],
    ["../up", /^up-[\da-f]{8}\.person$/],
    ["Con", /^_Con-[\da-f]{8}\.person$/],
    ["A-37e955d2", /^A-37e955d2-[\da-f]{8}\.person$/],
  ])("stays readable: %s", (person, file) => {
    const pattern =
      typeof file === "string" ? new RegExp(`^${file.replaceAll(".", "\\.")}$`) : file;
    expect(fileNameOf(person)).toMatch(pattern);
  });

  it("differs for different people, on every file system", () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 2, maxLength: 40 }), (names) => {
        const people = [...new Set(names.map(toPersonName))];
        for (const view of views) {
          const files = new Set(people.map((person) => view(fileNameOf(person))));
          expect(files.size).toBe(people.length);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("has at most 240 bytes, which leaves room for a temporary ending, and is no path", () => {
    fc.assert(
      fc.property(name, (person) => {
        const file = fileNameOf(person);
        expect(Buffer.byteLength(file)).toBeLessThanOrEqual(240);
        expect(file).toMatch(/^[^./\\:*?"<>|\p{Cc}][^/\\:*?"<>|\p{Cc}]*\.person$/u);
        expect(fileNameOf(` ${person}`.normalize("NFD"))).toBe(file);
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});
