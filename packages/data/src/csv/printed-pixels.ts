import { firstWords, type PixelTarget, type Problem } from "./row-fields.ts";

const WHOLE = /^\d+(?:\.0*)?$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * Reads pixels in the forms in which programs print arrays: `[1, 2, 3]`, `1,2,3`, `1.0 2.0 3.0`, also
 * over several lines.
 *
 * @param problem what `parsePixels` found wrong.
 * @returns undefined if the pixels were read, else what is wrong.
 */
export function parsePrintedPixels(
  bytes: Uint8Array,
  target: PixelTarget,
  problem: Problem,
): Problem | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  if (/\.{3}|\xe2\x80\xa6/.test(text)) {
    return {
      expected: `${target.count} values`,
      found: `an array that was shortened by "..." when it was printed`,
      remedy: `Write all values, in Python for example by " ".join(map(str, image.ravel())).`,
    };
  }
  // Not \s, which also is the byte 0xA0: as UTF-8, that byte alone is no space but damage.
  const words = text.split(/[ \t\n\v\f\r,;[\]()]+/).filter((word) => word !== "");
  if (words.every((word) => WHOLE.test(word) && Number(word) <= 255)) {
    if (words.length !== target.count) {
      return { expected: `${target.count} values`, found: String(words.length) };
    }
    words.forEach((word, i) => (target.pixels[target.out + i] = Number(word)));
    return undefined;
  }
  if (words.every((word) => NUMBER.test(word) && Math.abs(Number(word)) <= 1)) {
    const fraction = words.find((word) => !WHOLE.test(word)) ?? "";
    return {
      expected: "whole numbers from 0 to 255",
      found: `values of at most 1, such as ${firstWords(Buffer.from(fraction))}`,
      remedy: "Undo the scaling before the CSV is written: for 0 to 1, multiply by 255 and round.",
    };
  }
  return problem;
}
