import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeClasses } from "./merge-classes.ts";

const CLASSES = ["Angry", "Disgust", "Happy", "Sad", "Neutral"];
const merge = (text: string, classes: readonly string[] = CLASSES) =>
  mergeClasses(text, classes, { what: "--classes" });

describe("mergeClasses", () => {
  it("adds up the probabilities of a group in the place of its first class", () => {
    const probabilities = Float32Array.of(0.125, 0.25, 0.0625, 0.5, 0.0625);
    const merged = merge(" Bad = Disgust , Sad ; Angry+Happy");
    expect(merged.labels).toEqual(["Angry+Happy", "Bad", "Neutral"]);
    expect(merged.targets).toEqual([0, 1, 0, 1, 2]);
    expect(Array.from(merged.merge(probabilities))).toEqual([0.1875, 0.75, 0.0625]);
    const two = Float32Array.of(...probabilities, 0, 1, 0, 0, 0);
    expect(Array.from(merged.merge(two))).toEqual([0.1875, 0.75, 0.0625, 0, 1, 0]);
  });

  it.each([
    ["", CLASSES, ""],
    ["*", CLASSES, ""],
    ["Happy", CLASSES, ""],
    ["Joy=Happy", ["Angry", "Disgust", "Joy", "Sad", "Neutral"], "Joy=Happy"],
    ["Sad=Angry+Sad", ["Sad", "Disgust", "Happy", "Neutral"], "Sad=Angry,Sad"],
    ["Happy;Other=*", ["Other", "Happy"], "Other=Angry,Disgust,Sad,Neutral"],
    ["Happy;Sad;drop=*", ["Happy", "Sad"], "drop=Angry,Disgust,Neutral"],
    ["drop=Neutral", ["Angry", "Disgust", "Happy", "Sad"], "drop=Neutral"],
    ["Bad=Sad,Angry;drop=Neutral", ["Bad", "Disgust", "Happy"], "Bad=Angry,Sad;drop=Neutral"],
    [
      "A=Angry,Disgust;B=Happy,Sad,Neutral;Rest=*",
      ["A", "B"],
      "A=Angry,Disgust;B=Happy,Sad,Neutral",
    ],
  ])("makes of %s the classes %s", (text, labels, normal) => {
    expect(merge(text)).toMatchObject({ labels, text: normal });
    expect(merge(normal)).toMatchObject({ labels, text: normal });
  });

  it("can merge a class whose name an earlier merge made", () => {
    const merged = merge("Low=Sad+Fear,Angry", ["Sad+Fear", "Angry", "Happy"]);
    expect(merged.labels).toEqual(["Low", "Happy"]);
    expect(merge("Low=Sad+Fear", ["Sad+Fear", "Angry"]).labels).toEqual(["Low", "Angry"]);
  });

  it("keeps the sum of the probabilities if no class is dropped", () => {
    const group = fc.subarray(CLASSES, { minLength: 1, maxLength: 4 });
    const anyProbabilities = fc.array(fc.integer({ min: 0, max: 1024 }), {
      minLength: 10,
      maxLength: 10,
    });
    fc.assert(
      fc.property(group, anyProbabilities, (members, values) => {
        const merged = merge(`New=${members.join(",")};Kept=*`);
        const probabilities = Float32Array.from(values, (value) => value / 1024);
        const sum = (of: Iterable<number>) => [...of].reduce((a, b) => a + b, 0);
        expect(sum(merged.merge(probabilities))).toBe(sum(probabilities));
      }),
    );
  });

  it.each([
    ["Bad=", /^--classes: "Bad=" is no group/],
    ["=Sad", /"=Sad" is no group/],
    ["A=Angry;B=Happy=Sad", /"B=Happy=Sad" is no group/],
    ["A=Angry,;", /"A=Angry," is no group/],
    ["Bad=Angry+Sat", /no class "Sat"/],
    ["Angry+Sad;Sad+Happy", /"Sad" is named twice/],
    ["Angry+Angry", /"Angry" is named twice/],
    ["A=*;B=*", /"\*" is named twice/],
    ["Happy=Angry+Sad", /the same name "Happy"/],
    ["Bad=Angry+Sad;Bad=Happy+Neutral", /the same name "Bad"/],
    ["All=*", /two classes or more must be left, found All/],
    ["Happy;drop=*", /two classes or more must be left, found Happy/],
    // The form of earlier versions, with commas between groups.
    ["A=Angry+Sad,Happy+Neutral", /no class "Angry\+Sad"/],
    ["A=Angry+Sad,B=Happy+Neutral", /is no group/],
  ])("refuses %s", (text, problem) => {
    expect(() => merge(text)).toThrow(
      expect.objectContaining({
        code: "usage",
        message: expect.stringMatching(problem) as unknown,
      }),
    );
  });

  it("refuses to drop a class of a model", () => {
    expect(() => mergeClasses("drop=Sad", CLASSES, { what: "merge", canDrop: false })).toThrow(
      "merge: the classes of a model cannot be dropped",
    );
  });
});
