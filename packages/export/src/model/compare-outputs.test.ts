import { describe, expect, it } from "vitest";
import { comparePredictions, countCorrect, requireAgreement } from "./compare-outputs.ts";

const CLASSES = ["Angry", "Happy", "Sad"];
const A = Float32Array.of(0.7, 0.2, 0.1, 0.1, 0.6, 0.3);

describe("comparePredictions", () => {
  it("finds no disagreement between equal outputs", () => {
    expect(comparePredictions(A, A, { classes: CLASSES })).toEqual({
      images: 2,
      maxDifference: 0,
      agreement: 1,
      disagreements: [],
      allowed: { tolerance: 1e-5, samePredictions: true },
    });
  });

  it("names the image, the class and both values if the prediction differs", () => {
    const b = A.slice();
    b.set([0.1, 0.3, 0.6], 3);
    const { disagreements, agreement, maxDifference } = comparePredictions(A, b, {
      classes: CLASSES,
    });
    expect(agreement).toBe(0.5);
    expect(maxDifference).toBeCloseTo(0.3, 6);
    expect(disagreements).toHaveLength(1);
    expect(disagreements[0]).toMatchObject({
      image: 1,
      class: "Happy",
      expectedPrediction: "Happy",
      foundPrediction: "Sad",
    });
  });

  it("accepts other predictions if they are allowed, but no large difference", () => {
    const b = A.slice();
    b.set([0.1, 0.44, 0.46], 3);
    const allowed = { tolerance: 0.2, samePredictions: false };
    expect(comparePredictions(A, b, { classes: CLASSES, allowed })).toMatchObject({
      agreement: 0.5,
      disagreements: [],
    });
    b.set([0.1, 0.3, 0.6], 3);
    expect(comparePredictions(A, b, { classes: CLASSES, allowed }).disagreements).toHaveLength(1);
  });

  it("ranks a NaN as the largest difference", () => {
    const b = A.slice();
    b[0] = NaN;
    b[5] = 0.9;
    const agreement = comparePredictions(A, b, { classes: CLASSES });
    expect(agreement.maxDifference).toBeNaN();
    expect(agreement.disagreements.map(({ image }) => image)).toEqual([0, 1]);
  });

  it("refuses arrays of different lengths", () => {
    expect(() => comparePredictions(A, A.slice(3), { classes: CLASSES })).toThrow(
      /expected 6 .* found 3/,
    );
  });
});

describe("requireAgreement", () => {
  it("accepts differences up to 1e-5 and lists five of the larger ones", () => {
    const images = 8;
    const expected = new Float32Array(images * 3).fill(0.25);
    const close = expected.map((value) => value + 9e-6);
    requireAgreement(comparePredictions(expected, close, { classes: CLASSES }), "a and b differ");
    const far = expected.map((value, i) => value + (i % 3 === 1 ? 2e-5 * (i + 1) : 0));
    const apart = comparePredictions(expected, far, { classes: CLASSES });
    let message = "";
    try {
      requireAgreement(apart, "a and b differ", (image) => `row ${image + 100}`);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(
      /^a and b differ: 8 of 8 images differ\n {2}row 107: Happy 0\.25 became/,
    );
    expect(message.split("\n")).toHaveLength(7);
    expect(message).toContain("prediction Angry became Happy");
    expect(message).toMatch(/and 3 more$/);
  });
});

describe("countCorrect", () => {
  it("counts the images whose largest probability, the first of equal ones, is at the label", () => {
    expect(countCorrect(A, [0, 1])).toBe(2);
    expect(countCorrect(A, [1, 1])).toBe(1);
    expect(countCorrect(Float32Array.of(0.5, 0.5), [0])).toBe(1);
  });
});
