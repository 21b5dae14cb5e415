import { tagOf } from "../type-guards.ts";

/** Longest part of a text that an error message repeats, in characters. */
const MAX_TEXT = 40;

/** Describes a value for error messages: `a Float32Array of 12 values`, `"text"`, `undefined`. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_TEXT));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  const kind = tagOf(value);
  const name = kind === "Object" ? (value.constructor?.name ?? "Object") : kind;
  const article = /^[AEIO]/.test(name) ? "an" : "a";
  return "length" in value && typeof value.length === "number"
    ? `${article} ${name} of ${value.length} values`
    : `${article} ${name}`;
}
