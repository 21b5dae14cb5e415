import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classOf, expressionOf, orderClasses, usageOf } from "./folder-names.ts";

/** Writes a name as people do: in any case, with a separator or a space around it. */
const spelled = (names: readonly string[]) =>
  fc
    .record({
      name: fc.constantFrom(...names),
      isUpper: fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
      before: fc.constantFrom("", " ", "_", "."),
      after: fc.constantFrom("", " ", "_", "-"),
    })
    .map(({ name, isUpper, before, after }) => {
      const cased = [...name].map((c, i) => (isUpper[i] ? c.toUpperCase() : c)).join("");
      return { name, folder: `${before}${cased}${after}` };
    });

const EXPRESSIONS: Readonly<Record<string, string>> = {
  anger: "Angry",
  angry: "Angry",
  disgust: "Disgust",
  disgusted: "Disgust",
  fear: "Fear",
  fearful: "Fear",
  happiness: "Happy",
  happy: "Happy",
  sadness: "Sad",
  sad: "Sad",
  surprise: "Surprise",
  surprised: "Surprise",
  neutral: "Neutral",
  contempt: "Contempt",
};

const SPLITS: Readonly<Record<string, number>> = {
  train: 0,
  training: 0,
  training_set: 0,
  val: 1,
  valid: 1,
  validation: 1,
  publictest: 1,
  "public-test": 1,
  test: 2,
  privatetest: 2,
  "private test": 2,
  test_images: 2,
};

describe("the name of a folder", () => {
  it("is an expression in any case, with separators, and after a number", () => {
    const numbers = fc.constantFrom("", "0_", "07 ", "12-", "3.");
    fc.assert(
      fc.property(spelled(Object.keys(EXPRESSIONS)), numbers, ({ name, folder }, number) => {
        expect(expressionOf(`${number}${folder}`)).toBe(EXPRESSIONS[name]);
        expect(classOf(folder).name).toBe(EXPRESSIONS[name]);
      }),
    );
  });

  it("is a split in any case and with separators", () => {
    fc.assert(
      fc.property(spelled(Object.keys(SPLITS)), ({ name, folder }) => {
        expect(usageOf(folder)).toBe(SPLITS[name]);
      }),
    );
  });

  it("is never both, and is else the name of a class", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (folder) => {
        const [expression, usage] = [expressionOf(folder), usageOf(folder)];
        expect(expression === undefined || usage === undefined).toBe(true);
        const { key, name } = classOf(folder);
        expect(name).not.toBe("");
        expect(classOf(name).key).toBe(key);
        expect(name).toBe(expression ?? (folder.normalize("NFC").trim() || folder));
      }),
    );
  });

  it.each(["unhappy", "happy2", "sadly", "ang", "trains", "latest", "testament", "va", "1", ""])(
    "%o is neither an expression nor a split",
    (name) => {
      expect([expressionOf(name), usageOf(name)]).toEqual([undefined, undefined]);
    },
  );
});

describe("the order of the labels", () => {
  const FER = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];

  it("is that of FER2013 for exactly its seven classes", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(FER, { minLength: 7 }), (names) => {
        expect(orderClasses(names)).toEqual(FER);
      }),
    );
  });

  it.each([
    [
      ["Neutral", "Contempt", ...FER.slice(0, 6)],
      "Angry Contempt Disgust Fear Happy Neutral Sad Surprise",
    ],
    [FER.slice(3), "Happy Neutral Sad Surprise"],
    [["10", "9", "1"], "1 9 10"],
    [["owl", "Cat", "dog"], "Cat dog owl"],
  ])("of %j is %s", (names, expected) => {
    expect(orderClasses(names).join(" ")).toBe(expected);
  });

  it("does not depend on the order of the folders", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 2 }), (names) => {
        expect(orderClasses([...names].reverse())).toEqual(orderClasses(names));
      }),
    );
  });
});
