export { isRecord as isObject } from "@mien/format";

/** A JSON object whose values are not checked yet. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether a JSON value is a list; its elements are not checked yet. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** Whether a JSON value is a whole number of at least 0. */
export function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Whether a JSON value is a whole number of at least 1. */
export function isCount(value: unknown): value is number {
  return isIndex(value) && value > 0;
}
