import { describe, expect, it } from "vitest";
import {
  colourOf,
  colourOfConfirmed,
  isStranger,
  nameOf,
  rateText,
  shownName,
} from "./expressions.ts";

const ada = { person: { name: "Ada" }, track: 3 };
const labels = ["Happy", "Sad"];

describe("texts of a face", () => {
  it("names people, numbers strangers, and hides both in privacy", () => {
    expect(nameOf(ada)).toBe("Ada");
    expect(nameOf({ person: null, track: 3 })).toBe("Unknown 3");
    expect(shownName(ada, true)).toBe("Face 3");
  });

  it("tells strangers from people with a similar name", () => {
    expect(["Unknown", "Unknown 12", "Unknown Ada", "Ada"].map(isStranger)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("colours a face by what is confirmed, and grey without a quorum", () => {
    const face = { confirmed: "Sad", quorumReached: true, expression: "Happy" };
    expect(colourOfConfirmed(face, labels)).toBe(colourOf(1));
    expect(colourOfConfirmed({ ...face, confirmed: null }, labels)).toBe(colourOf(0));
    const unsure = colourOfConfirmed({ ...face, quorumReached: false }, labels);
    expect(labels.map((_, i) => colourOf(i))).not.toContain(unsure);
  });

  it("never writes a small rate as zero", () => {
    expect([0, 0.0004, 0.0006, 0.123].map(rateText)).toEqual([
      "under 0.1 %",
      "under 0.1 %",
      "0.1 %",
      "12.3 %",
    ]);
  });
});
