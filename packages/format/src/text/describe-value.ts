/** Whether a value is a number of pixels or of rows: a whole number of at least 1. */
export function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Whether a value is a `Uint8Array` (a `Buffer`, too) or `Uint8ClampedArray`, of any realm. */
export function isBytes(value: unknown): value is Uint8Array | Uint8ClampedArray {
  const tag = tagOf(value);
  return tag === "Uint8Array" || tag === "Uint8ClampedArray";
}

/** Whether a value is a typed array of one kind, for example `Float32Array`, of any realm. */
export function isArrayOf(value: unknown, kind: "Float32Array" | "Uint16Array"): boolean {
  return tagOf(value) === kind;
}

/** What a value is, for error messages: `a Float32Array of 12 values`, `"text"`, `undefined`. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  const kind = tagOf(value);
  const { length } = value as { readonly length?: unknown };
  const name = kind === "Object" ? (value.constructor?.name ?? "Object") : kind;
  const article = /^[AEIO]/.test(name) ? "an" : "a";
  return typeof length === "number"
    ? `${article} ${name} of ${length} values`
    : `${article} ${name}`;
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/**
 * The name that is most like a word, by Levenshtein's edit distance without regard to case.
 *
 * @returns undefined if no name is within 3 edits and half the word's length.
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.min(3, word.length / 2);
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance > least || (distance === least && best !== undefined)) continue;
    [best, least] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
