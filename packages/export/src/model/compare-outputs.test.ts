import { describe, expect, it } from "vitest";
import { comparePredictions, countCorrect, requireAgreement } from "./compare-outputs.ts";

const CLASSES = ["Angry", "Happy", "Sad"];
const A = Float32Array.of(0.7, 0.2, 0.1, 0.1, 0.6, 0.3);

describe("comparePredictions", () => {
  it("finds no parting between equal answers", () => {
    expect(comparePredictions(A, A, CLASSES)).toEqual({
      images: 2,
      maxDifference: 0,
      agreement: 1,
      partings: [],
      allowed: { tolerance: 1e-5, sameAnswers: true },
    });
  });

  it("names image, class and both values where the answer is another", () => {
    const b = A.slice();
    b.set([0.1, 0.3, 0.6], 3);
    const { partings, agreement, maxDifference } = comparePredictions(A, b, CLASSES);
    expect(agreement).toBe(0.5);
    expect(maxDifference).toBeCloseTo(0.3, 6);
    expect(partings).toHaveLength(1);
    expect(partings[0]).toMatchObject({
      image: 1,
      class: "Happy",
      expectedAnswer: "Happy",
      foundAnswer: "Sad",
    });
  });

  it("lets other answers pass where they are allowed, but no large difference", () => {
    const b = A.slice();
    b.set([0.1, 0.44, 0.46], 3);
    const allowed = { tolerance: 0.2, sameAnswers: false };
    expect(comparePredictions(A, b, CLASSES, allowed)).toMatchObject({
      agreement: 0.5,
      partings: [],
    });
    b.set([0.1, 0.3, 0.6], 3);
    expect(comparePredictions(A, b, CLASSES, allowed).partings).toHaveLength(1);
  });

  it("counts an answer that is not a number as the worst parting", () => {
    const b = A.slice();
    b[0] = NaN;
    b[5] = 0.9;
    const agreement = comparePredictions(A, b, CLASSES);
    expect(agreement.maxDifference).toBeNaN();
    expect(agreement.partings.map((parting) => parting.image)).toEqual([0, 1]);
  });

  it("refuses another number of answers", () => {
    expect(() => comparePredictions(A, A.slice(3), CLASSES)).toThrow(/expected 6 .* found 3/);
  });
});

describe("requireAgreement", () => {
  it("lets differences up to 1e-5 pass and lists five of the larger ones", () => {
    const images = 8;
    const expected = new Float32Array(images * 3).fill(0.25);
    const close = expected.map((value) => value + 9e-6);
    requireAgreement(comparePredictions(expected, close, CLASSES), "a and b part");
    const far = expected.map((value, i) => value + (i % 3 === 1 ? 2e-5 * (i + 1) : 0));
    const apart = comparePredictions(expected, far, CLASSES);
    let message = "";
    try {
      requireAgreement(apart, "a and b part", (image) => `row ${image + 100}`);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^a and b part: 8 of 8 images differ\n {2}row 107: Happy 0\.25 became/);
    expect(message.split("\n")).toHaveLength(7);
    expect(message).toContain("Angry became Happy");
    expect(message).toMatch(/and 3 more$/);
  });
});

describe("countCorrect", () => {
  it("counts the images whose first largest probability is at the label", () => {
    expect(countCorrect(A, [0, 1])).toBe(2);
    expect(countCorrect(A, [1, 1])).toBe(1);
    expect(countCorrect(Float32Array.of(0.5, 0.5), [0])).toBe(1);
  });
});
