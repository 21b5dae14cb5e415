// Compares two files by their values, and their texts by their lines.
import { isContainer } from "./is-container.mjs";
import { VARYING_FILES, VARYING_KEYS, VARYING_VALUES, WORDED_KEYS } from "./rules.mjs";

/** @typedef {import("./output-folder.mjs").Decoded} Decoded */

/** Longest text of a value that is shown, in characters. */
const WIDEST = 55;

/**
 * @param {string} name
 * @param {[Decoded, Decoded]} pair
 * @param {{ ignore: readonly string[], differences: string[], words: string[] }} results to add to.
 */
export function compareFiles(name, [old, now], { ignore, differences, words }) {
  if (VARYING_FILES.some((rule) => rule.test(name))) return;
  if (old.kind !== "data" && now.kind !== "data") {
    words.push(...differingLines(old.text, now.text, name));
  }
  if (old.kind === "text" || now.kind === "text") return;
  /**
   * @param {readonly string[]} keys the path of the two values.
   * @param {[unknown, unknown]} pair
   * @param {boolean} [isVarying] whether they are parts of something that may differ.
   */
  const visit = (keys, [a, b], isVarying = false) => {
    if (a === b) return;
    const at = keys.join(".");
    const key = keys.at(-1) ?? "";
    const isGone = a === ABSENT || b === ABSENT;
    const rules = VARYING_VALUES.filter((rule) => rule.file.test(name));
    if (!isGone && rules.some((rule) => rule.key.test(at))) return;
    const mayDiffer = isVarying || VARYING_KEYS.has(key) || ignore.includes(key);
    if (isContainer(a) && isContainer(b) && Array.isArray(a) === Array.isArray(b)) {
      const [one, other] = /** @type {[Fields, Fields]} */ ([a, b]);
      for (const part of new Set([...Object.keys(one), ...Object.keys(other)])) {
        const parts = [one, other].map((value) =>
          Object.hasOwn(value, part) ? value[part] : ABSENT,
        );
        const pair = /** @type {[unknown, unknown]} */ (parts);
        visit([...keys, part], pair, mayDiffer);
      }
      return;
    }
    if (!isGone && mayDiffer) return;
    if (!isGone && WORDED_KEYS.has(key) && typeof a === "string" && typeof b === "string") {
      words.push(`${name}: ${at}: - ${a}`, `${name}: ${at}: + ${b}`);
    } else differences.push(`${name}: ${at}: ${brief(a)} ≠ ${brief(b)}`);
  };
  visit([], [old.data, now.data]);
}

/** @typedef {Record<string, unknown>} Fields */

/** Stands for a value if one of two objects lacks the key. */
const ABSENT = Symbol("absent");

/** @param {unknown} value */
function brief(value) {
  const text = value === ABSENT ? "(absent)" : JSON.stringify(value);
  return text.length > WIDEST ? `${text.slice(0, WIDEST)}…` : text;
}

/**
 * Lines of each text that the other text does not contain; differences in numbers are ignored.
 *
 * @param {string} before
 * @param {string} after
 * @param {string} [name] of the file that holds the texts.
 * @returns {string[]}
 */
export function differingLines(before, after, name) {
  const linesOf = (/** @type {string} */ text) =>
    new Set(
      text
        .split("\n")
        .map((line) =>
          line
            .replace(/\b(?:[0-9a-f]{12}|[0-9a-f]{64})\b/g, "#")
            .replace(/[−-]?\d[\d.,:]*(?: [kMG]?B\b)?/g, "#")
            .replace(/[\s│─]+/g, " ")
            .trim(),
        )
        // The number of progress lines depends on the time.
        .filter((line) => !line.includes("#/#")),
    );
  const [old, now] = [linesOf(before), linesOf(after)];
  const prefix = name === undefined ? "" : `${name}: `;
  return [
    ...[...old].filter((line) => !now.has(line)).map((line) => `${prefix}- ${line}`),
    ...[...now].filter((line) => !old.has(line)).map((line) => `${prefix}+ ${line}`),
  ];
}
