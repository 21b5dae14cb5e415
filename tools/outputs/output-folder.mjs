// A folder of outputs, read without the parts that vary from run to run.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { decode } from "./decode.mjs";
import { isContainer } from "./is-container.mjs";
import { IGNORED_FILES, VARYING_TEXTS } from "./rules.mjs";

/** @typedef {import("./run.mjs").Outcome} Outcome */
/** @typedef {ReturnType<typeof decode>} Decoded */
/** @typedef {{ root: string, folder: string, outcomes: Outcome[] }} Steps */

/** One folder of outputs. */
export class Outputs {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    const file = path.join(folder, "steps.json");
    if (!existsSync(file)) throw new Error(`${folder} holds no outputs: it has no steps.json`);
    /** @type {Partial<Steps>} */
    const { root = "", folder: made = "", outcomes } = JSON.parse(readFileSync(file, "utf8"));
    if (outcomes === undefined) throw new Error(`the run that should fill ${folder} did not end`);
    this.steps = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
    /** @type {[string, string][]} */
    this.places = [
      [`${made}/work`, "<work>"],
      [`${made}/measuring`, "<work>"],
      [root, "<root>"],
    ];
  }

  /** @param {string} text @returns {string} the text without the parts that vary. */
  plain(text) {
    let result = text;
    for (const [place, shown] of this.places) result = result.replaceAll(place, shown);
    for (const { pattern, shown } of VARYING_TEXTS) result = result.replace(pattern, shown);
    return result;
  }

  /** @param {string} step @returns {Map<string, string[]>} paths of files by their plain names. */
  files(step) {
    const folder = path.join(this.folder, step, "files");
    /** @type {Map<string, string[]>} */
    const found = new Map();
    if (!existsSync(folder)) return found;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      const name = this.plain(path.relative(folder, file).replaceAll(path.sep, "/"));
      if (IGNORED_FILES.some((rule) => rule.test(name))) continue;
      found.set(name, [...(found.get(name) ?? []), file]);
    }
    return found;
  }

  /**
   * @param {string} name of files whose names differ only in the parts that vary.
   * @param {readonly string[]} files their paths.
   * @returns {Decoded[]} their contents without the parts that vary, in an order that does not
   *   depend on the names.
   */
  read(name, files) {
    const contents = files.map((file) => {
      const decoded = decode(name, readFileSync(file));
      const plain = (/** @type {string} */ text) => this.plain(text);
      if (decoded.kind === "text") return { ...decoded, text: plain(decoded.text) };
      const data = plainData(decoded.data, plain);
      return decoded.kind === "data"
        ? { ...decoded, data }
        : { ...decoded, data, text: plain(decoded.text) };
    });
    return contents.length === 1 ? contents : inOrder(contents);
  }

  /** @param {string} step */
  printed(step) {
    const file = path.join(this.folder, step, "printed.txt");
    return existsSync(file) ? this.plain(readFileSync(file, "utf8")) : "";
  }
}

/**
 * A value with plain keys and strings. Parts whose keys become equal are numbered in the order of their content.
 *
 * @param {unknown} value
 * @param {(text: string) => string} plain
 * @returns {unknown}
 */
function plainData(value, plain) {
  if (typeof value === "string") return plain(value);
  if (Array.isArray(value)) return value.map((part) => plainData(part, plain));
  if (!isContainer(value)) return value;
  /** @type {Map<string, unknown[]>} */
  const parts = new Map();
  for (const [key, part] of Object.entries(/** @type {object} */ (value))) {
    const name = plain(key);
    parts.set(name, [...(parts.get(name) ?? []), plainData(part, plain)]);
  }
  const entries = [...parts].flatMap(([name, values]) =>
    values.length === 1
      ? [[name, values[0]]]
      : inOrder(values).map((part, i) => [`${name} ${i + 1}`, part]),
  );
  return Object.fromEntries(entries);
}

/** @template T @param {T[]} values @returns {T[]} sorted by their content. */
function inOrder(values) {
  const keyed = values.map((value) => ({ value, key: JSON.stringify(value) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ value }) => value);
}
