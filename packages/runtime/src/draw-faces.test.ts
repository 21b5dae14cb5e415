import { createCanvas } from "@napi-rs/canvas";
import { describe, expect, it } from "vitest";
import { drawFaces, type FaceResult } from "./index.ts";

const face: FaceResult = {
  track: 1,
  box: [20, 30, 40, 20],
  score: 1,
  distanceMm: null,
  relief: "unknown",
  person: null,
  probabilities: [0.2, 0.8],
  expression: "Happy",
  confirmed: null,
  quorumReached: null,
};

/** Draws faces of a frame of 200×100 pixels; gives the canvas's pixels and the texts. */
function draw(faces: readonly FaceResult[], width: number, height: number) {
  const context = createCanvas(width, height).getContext("2d");
  const texts: string[] = [];
  const fillText = context.fillText.bind(context);
  context.fillText = (text, x, y) => {
    texts.push(text);
    fillText(text, x, y);
  };
  drawFaces(context, { width: 200, height: 100, faces });
  const isPainted = (x: number, y: number) => context.getImageData(x, y, 1, 1).data[3] !== 0;
  return { texts, isPainted };
}

describe("drawFaces", () => {
  it("draws each box, scaled from the frame to the canvas", () => {
    for (const scale of [1, 2]) {
      const { isPainted } = draw([face], 200 * scale, 100 * scale);
      for (const [x, y] of [
        [20, 40],
        [60, 40],
        [40, 30],
        [40, 50],
      ] as const) {
        expect(isPainted(x * scale, y * scale), `${x}, ${y}`).toBe(true);
      }
      expect(isPainted(40 * scale, 40 * scale)).toBe(false);
      expect(isPainted(90 * scale, 60 * scale)).toBe(false);
    }
  });

  it("writes who it is, and the confirmed expression or that of the frame", () => {
    const person = { name: "Ada", distance: 0.2 };
    const confirmed = { confirmed: "Neutral", quorumReached: true };
    const faces = [
      face,
      { ...face, ...confirmed },
      { ...face, ...confirmed, person },
      { ...face, ...confirmed, quorumReached: false },
    ];
    expect(draw(faces, 200, 100).texts).toEqual([
      "Happy 80 %",
      "Neutral",
      "Ada: Neutral",
      "Neutral (unsure)",
    ]);
  });

  it("keeps the caption inside the canvas", () => {
    const { isPainted } = draw([{ ...face, box: [190, 0, 10, 10] }], 200, 100);
    expect(isPainted(199, 20)).toBe(true);
    expect(isPainted(199, 60)).toBe(false);
  });
});
