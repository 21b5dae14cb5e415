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

/**
 * Reads whole numbers from 0 to 255, separated by spaces. This is the loop in which loading spends
 * its time.
 *
 * @param pixels receives `target.count` values from `target.out` on.
 * @returns undefined if all is well, else what is wrong.
 */
export function parsePixels(
  bytes: Uint8Array,
  pixels: Uint8Array,
  target: { readonly out: number; readonly count: number },
): { expected: string; found: string } | undefined {
  const end = bytes.length;
  const outEnd = target.out + target.count;
  let out = target.out;
  let i = 0;
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
    if (out === outEnd) {
      return { expected: `${target.count} values`, found: String(countWords(bytes)) };
    }
    pixels[out++] = value;
  }
  if (out === outEnd) return undefined;
  return { expected: `${target.count} values`, found: String(out - target.out) };
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
