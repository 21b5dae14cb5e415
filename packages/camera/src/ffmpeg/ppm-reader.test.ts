import fc from "fast-check";
import { expect, it } from "vitest";
import type { RgbPicture } from "../source/connection.ts";
import { PpmReader } from "./ppm-reader.ts";

/** A stream of pictures, cut at arbitrary places. */
function read(stream: Uint8Array, cuts: readonly number[]): RgbPicture[] {
  const pictures: RgbPicture[] = [];
  const reader = new PpmReader((picture) => pictures.push(picture));
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length];
  places.sort((a, b) => a - b);
  for (let i = 1; i < places.length; i++) reader.push(stream.subarray(places[i - 1], places[i]));
  return pictures;
}

it("pictures come out as they went in, however the stream is cut", () => {
  const picture = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    .chain(([width, height]) =>
      fc
        .uint8Array({ minLength: 3 * width * height, maxLength: 3 * width * height })
        .map((pixels) => ({ width, height, pixels })),
    );
  fc.assert(
    fc.property(fc.array(picture, { maxLength: 4 }), fc.array(fc.nat()), (pictures, cuts) => {
      const stream = Buffer.concat(
        pictures.flatMap(({ width, height, pixels }) => [
          Buffer.from(`P6\n${width} ${height}\n255\n`),
          pixels,
        ]),
      );
      expect(read(stream, cuts)).toEqual(pictures);
    }),
  );
});

it("something else is refused instead of awaited for ever", () => {
  expect(() => read(Buffer.alloc(100, "x"), [])).toThrow(/not a stream of PPM/);
});

it("no picture shares memory with another", () => {
  const stream = Buffer.from("P6\n1 1\n255\nabcP6\n1 1\n255\ndef");
  const [first, second] = read(stream, [20]) as [RgbPicture, RgbPicture];
  expect(first.pixels.buffer).not.toBe(second.pixels.buffer);
  expect(first.pixels.buffer.byteLength).toBe(3);
});
