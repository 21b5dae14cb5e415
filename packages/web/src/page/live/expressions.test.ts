import { describe, expect, it } from "vitest";
import { colourOf } from "../../label-colours.ts";
import { nameOf } from "../../face-name.ts";
import { faceColour, isUnknown, shownName } from "./expressions.ts";

const ada = { person: { name: "Ada" }, track: 3 };
const labels = ["Happy", "Sad"];

describe("texts of a face", () => {
  it("names people, numbers unknown faces, and hides names in privacy mode", () => {
    expect(nameOf(ada)).toBe("Ada");
    expect(nameOf({ person: null, track: 3 })).toBe("Unknown 3");
    expect(shownName(ada, true)).toBe("Face 3");
  });

  it("tells unknown faces from people with a similar name", () => {
    expect(["Unknown", "Unknown 12", "Unknown Ada", "Ada"].map(isUnknown)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("gives a face the colour of its confirmed expression, and grey without a quorum", () => {
    const face = { confirmed: "Sad", quorumReached: true, expression: "Happy" };
    expect(faceColour(face, labels)).toBe(colourOf(1));
    expect(faceColour({ ...face, confirmed: null }, labels)).toBe(colourOf(0));
    const unsure = faceColour({ ...face, quorumReached: false }, labels);
    expect(labels.map((_, i) => colourOf(i))).not.toContain(unsure);
  });
});
