/** Whether a value is an object that is not an array, so that its properties can be read. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a whole number of at least 1, for example a number of pixels or rows. */
export function isSide(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** Whether a value is a `Uint8Array` (also a `Buffer`) or a `Uint8ClampedArray`, of any realm. */
export function isBytes(value: unknown): value is Uint8Array | Uint8ClampedArray {
  const tag = tagOf(value);
  return tag === "Uint8Array" || tag === "Uint8ClampedArray";
}

/** Whether a value is a typed array of one kind, for example `Float32Array`, of any realm. */
export function isArrayOf(value: unknown, kind: "Float32Array" | "Uint16Array"): boolean {
  return tagOf(value) === kind;
}

/** The name of a value's built-in kind, of any realm: `Float32Array`, `Object`, `Null`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
