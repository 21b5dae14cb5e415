import type { FaceResult } from "@mien/format";
import { describe, expect, it } from "vitest";
import { captionOf } from "./face-caption.ts";

const LABELS = ["Happy", "Neutral"];
const face: FaceResult = {
  track: 2,
  box: [0, 0, 9, 9],
  score: 1,
  distanceMm: null,
  relief: "unknown",
  person: null,
  probabilities: [0.93, 0.07],
  expression: "Happy",
  confirmed: null,
  quorumReached: null,
};
const ada = { name: "Ada", distance: 0.1 };

describe("the caption of a face", () => {
  it.each<[string, Partial<FaceResult>]>([
    ["track 2: (Happy 93 %)", {}],
    ["track 2: Happy 93 %", { confirmed: "Happy", quorumReached: true }],
    ["Ada, track 2: Happy 93 %", { confirmed: "Happy", quorumReached: true, person: ada }],
    // The probability of the confirmed expression, although this frame shows another one.
    ["track 2: Neutral 7 %", { confirmed: "Neutral", quorumReached: true }],
    ["track 2: Neutral (unsure), Happy 93 %", { confirmed: "Neutral", quorumReached: false }],
    ["track 2: unsure, Happy 93 %", { confirmed: "unsure", quorumReached: false }],
    ["Happy 93 %", { track: null }],
    ["Ada: Happy 93 %", { track: null, person: ada }],
  ])("is %s", (caption, change) => {
    expect(captionOf({ ...face, ...change }, LABELS)).toBe(caption);
  });
});
