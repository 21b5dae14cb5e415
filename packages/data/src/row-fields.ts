import { USAGES } from "@mien/format";

const TAB = 0x09;
const RETURN = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;

/** A column without the blanks around it. */
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

/** A label below `classes`, or -1 if it is none. */
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

/** The code of a part's name, or -1 if it is none. */
export function parseUsage(bytes: Uint8Array): number {
  return USAGE_BYTES.findIndex(
    (name) => name.length === bytes.length && name.every((byte, i) => bytes[i] === byte),
  );
}

/** Where `parsePixels` writes: `count` values from `out` on. */
export interface PixelTarget {
  readonly pixels: Uint8Array;
  readonly out: number;
  readonly count: number;
}

/**
 * Reads whole numbers from 0 to 255, separated by spaces.
 *
 * @returns undefined if all is well, else what is wrong.
 */
export function parsePixels(
  bytes: Uint8Array,
  target: PixelTarget,
): { expected: string; found: string } | undefined {
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
 * Reads values of one to three digits with single spaces between for as long as there are such.
 * Loading spends its time here, so digits are told apart by the position of the space instead of
 * one by one: half the time of the general loop.
 *
 * @returns where it stopped reading and writing; always before a value.
 */
function parseRegular(
  bytes: Uint8Array,
  { pixels, out: start, count }: PixelTarget,
): { at: number; out: number } {
  const last = bytes.length - 4;
  const outEnd = start + count;
  let at = 0;
  let out = start;
  while (at <= last && out < outEnd) {
    // Digits are 0x30 to 0x39: the exclusive or leaves 0 to 9 of a digit and more of anything else.
    const first = (bytes[at] as number) ^ ZERO;
    const second = bytes[at + 1] as number;
    const third = bytes[at + 2] as number;
    if (first > 9) break;
    if (second === SPACE) {
      pixels[out++] = first;
      at += 2;
      continue;
    }
    const tens = second ^ ZERO;
    if (tens > 9) break;
    if (third === SPACE) {
      pixels[out++] = first * 10 + tens;
      at += 3;
      continue;
    }
    const ones = third ^ ZERO;
    const value = first * 100 + tens * 10 + ones;
    if (ones > 9 || value > 255 || bytes[at + 3] !== SPACE) break;
    pixels[out++] = value;
    at += 4;
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

/** The beginning of some bytes for an error, short and printable. */
export function firstWords(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 40)).toString("latin1");
  return JSON.stringify(text) + (bytes.length > 40 ? "…" : "");
}
