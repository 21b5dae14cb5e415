import { printable, USAGES } from "@mien/format";

const TAB = 0x09;
const RETURN = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;

/** A column without leading and trailing spaces. */
export function trim(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while (start < end && isBlank(bytes[start])) start++;
  while (start < end && isBlank(bytes[end - 1])) end--;
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN;
}

/** The label, 0 to `classes` − 1, or -1 if the bytes are not a label. */
export function parseLabel(bytes: Uint8Array, classes: number): number {
  let label = bytes.length === 0 ? -1 : 0;
  for (let i = 0; i < bytes.length && label >= 0; i++) {
    const digit = (bytes[i] as number) - ZERO;
    label = digit < 0 || digit > 9 ? -1 : label * 10 + digit;
    if (label >= classes) label = -1;
  }
  return label;
}

const USAGE_BYTES = USAGES.map((usage) => Buffer.from(usage));

/** The code of a split's name (an index into `USAGES`), or -1 for another name. */
export function parseUsage(bytes: Uint8Array): number {
  return USAGE_BYTES.findIndex(
    (name) => name.length === bytes.length && name.every((byte, i) => bytes[i] === byte),
  );
}

/** Where `parsePixels` writes: `count` values, beginning at index `out`. */
export interface PixelTarget {
  readonly pixels: Uint8Array;
  readonly out: number;
  readonly count: number;
}

/** The fault of a column. */
export interface Problem {
  readonly expected: string;
  readonly found: string;
  /** What to do, as sentences; undefined if the only remedy is to correct the row. */
  readonly remedy?: string;
}

/**
 * Reads whole numbers from 0 to 255, separated by spaces.
 *
 * @returns undefined if the values were read, else what is wrong.
 */
export function parsePixels(bytes: Uint8Array, target: PixelTarget): Problem | undefined {
  const { pixels, count } = target;
  const end = bytes.length;
  const outEnd = target.out + count;
  let { at: i, out } = parseRegular(bytes, target);
  while (i < end) {
    let digit = (bytes[i] as number) - ZERO;
    if (digit === SPACE - ZERO) {
      i++;
      continue;
    }
    const wordStart = i;
    let value = 0;
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      if (value > 255 || ++i === end) break;
      digit = (bytes[i] as number) - ZERO;
    }
    if (value > 255 || (i < end && digit !== SPACE - ZERO)) {
      const word = bytes.subarray(wordStart);
      const wordEnd = word.indexOf(SPACE);
      return {
        expected: "whole numbers from 0 to 255",
        found: `${firstWords(wordEnd < 0 ? word : word.subarray(0, wordEnd))} as value ${out - target.out + 1}`,
      };
    }
    if (out === outEnd) return { expected: `${count} values`, found: String(countWords(bytes)) };
    pixels[out++] = value;
  }
  if (out === outEnd) return undefined;
  return { expected: `${count} values`, found: String(out - target.out) };
}

/**
 * Reads values of one to three digits, separated by single spaces, until something else appears.
 *
 * Loading spends most of its time here. Four bytes are checked at once: an exclusive or maps digits
 * to 0–9, the space that ends a value to 0, and every other byte to more than 9; adding 6 then
 * carries 10 to 15 into the upper half of the byte, where all faults are found. This takes 60 % of
 * the time of the general loop.
 *
 * @returns the positions at which reading and writing stopped, always before a value.
 */
function parseRegular(
  bytes: Uint8Array,
  { pixels, out: start, count }: PixelTarget,
): { at: number; out: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = bytes.length - 4;
  const outEnd = start + count;
  let at = 0;
  let out = start;
  while (at <= last && out < outEnd) {
    // Little-endian: the first digit is the lowest byte.
    const three = view.getInt32(at, true) ^ 0x20303030;
    if (((three | (three + 0x060606)) & ~0x000f0f0f) === 0) {
      const value = 100 * (three & 15) + 10 * ((three >> 8) & 15) + (three >> 16);
      if (value > 255) break;
      pixels[out++] = value;
      at += 4;
      continue;
    }
    const two = (three ^ 0x100000) & 0xffffff;
    if (((two | (two + 0x0606)) & ~0x0f0f) === 0) {
      pixels[out++] = 10 * (two & 15) + (two >> 8);
      at += 3;
      continue;
    }
    const one = (three ^ 0x1000) & 0xffff;
    if (((one | (one + 0x06)) & ~0x0f) !== 0) break;
    pixels[out++] = one;
    at += 2;
  }
  return { at, out };
}

function countWords(bytes: Uint8Array): number {
  let words = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== SPACE && (i === 0 || bytes[i - 1] === SPACE)) words++;
  }
  return words;
}

/** The first words of some bytes, printable, for an error. */
export function firstWords(bytes: Uint8Array): string {
  // A character has at most four bytes.
  return shown(Buffer.from(bytes.subarray(0, 4 * 41)).toString("utf8"), 40);
}

/** The beginning of a text, in quotes, for an error. */
export function shown(text: string, characters: number): string {
  const all = [...text];
  const more = all.length > characters ? "…" : "";
  return `"${printable(all.slice(0, characters).join(""))}"${more}`;
}
