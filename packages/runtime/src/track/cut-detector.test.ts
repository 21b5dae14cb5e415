import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import type { Picture } from "../image/picture.ts";
import { paint } from "../testing/pictures.ts";
import { CutDetector } from "./cut-detector.ts";

type Colour = readonly [number, number, number];
const grey = (value: number): Colour => [value, value, value];

/** A room of random blocks; each seed is another room. */
function room(seed: number) {
  const stream = random("room", seed);
  const blocks = Array.from({ length: 40 }, () => ({
    x: stream.between(-100, 640),
    y: stream.between(-60, 480),
    width: stream.between(40, 240),
    height: stream.between(40, 200),
    value: stream.between(30, 220),
  }));
  return (x: number, y: number) =>
    blocks.findLast(
      (one) => x >= one.x && y >= one.y && x < one.x + one.width && y < one.y + one.height,
    )?.value ?? 120;
}

/** Paints a quarter of 640×480, of which the colours are given. */
const quarter = (colourAt: (x: number, y: number) => Colour) =>
  paint(160, 120, (x, y) => colourAt(4 * x, 4 * y));

/** Paints a room with the camera moved, the light changed and a person in it. */
function shot(
  seed: number,
  { pan = 0, light = 1, person }: { pan?: number; light?: number; person?: number } = {},
): Picture {
  const value = room(seed);
  return quarter((x, y) => {
    const isPerson = person !== undefined && Math.abs(x - person) < 110 && Math.abs(y - 300) < 200;
    const stripes = isPerson ? 60 + 120 * (Math.floor((x - person + y) / 45) % 2) : undefined;
    return grey(Math.max(0, Math.min(255, light * (stripes ?? value(x + pan, y)))));
  });
}

/** The numbers of the pictures before which the film is cut. */
function cutsOf(film: readonly Picture[]): number[] {
  const detector = new CutDetector();
  return film.flatMap((picture, i) => (detector.isCut(picture) ? [i] : []));
}

describe("a cut detector", () => {
  it("finds every cut of a film of ten shots, and no other", () => {
    const film = Array.from({ length: 20 }, (_, i) =>
      shot(Math.floor(i / 2), { pan: 8 * (i % 2), person: 120 + 40 * Math.floor(i / 2) }),
    );
    expect(cutsOf(film)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it("takes no change of the light for a cut", () => {
    const lights = [1, 0.25, 1, 1.8, 0.5, 1];
    expect(cutsOf(lights.map((light) => shot(1, { light })))).toEqual([]);
  });

  it("takes no fast motion for a cut, of the camera or of a person", () => {
    expect(cutsOf([0, 30, 75, 140, 190, 120, 40].map((pan) => shot(2, { pan })))).toEqual([]);
    expect(cutsOf([100, 160, 230, 320, 400].map((person) => shot(2, { person })))).toEqual([]);
  });

  it("takes nobody who enters or leaves for a cut, also before a plain wall", () => {
    expect(cutsOf([shot(3), shot(3, { person: 200 }), shot(3)])).toEqual([]);
    const wall = (people: readonly number[]) =>
      quarter((x, y) => {
        const near = people.find((at) => Math.hypot(x - at, y - 240) < 90);
        return grey(near === undefined ? 150 : 60 + 120 * (Math.floor((x - near + y) / 30) % 2));
      });
    expect(cutsOf([wall([150]), wall([150, 450]), wall([450])])).toEqual([]);
  });

  it("compares across black and plain pictures", () => {
    const black = quarter(() => [0, 0, 0]);
    expect(cutsOf([shot(4), black, black, shot(4)])).toEqual([]);
    expect(cutsOf([shot(4), black, shot(5)])).toEqual([2]);
  });
});
