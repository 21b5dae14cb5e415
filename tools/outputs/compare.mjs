// Compares two folders that tools/outputs.mjs has written.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { decode } from "./decode.mjs";
import {
  PASSING_FILES,
  VARYING_FILES,
  VARYING_KEYS,
  VARYING_TEXTS,
  VARYING_VALUES,
  WORDED_KEYS,
} from "./rules.mjs";

/** @typedef {import("./run.mjs").Outcome} Outcome */
/** @typedef {ReturnType<typeof decode>} Decoded */
/** @typedef {{ root: string, folder: string, outcomes: Outcome[] }} Steps */

/** Number of differences that are shown for one step; the others are counted. */
const SHOWN = 6;
/** Number of differing lines of text that are shown for one step. */
const SHOWN_LINES = 2;
const WIDEST = 110;

/**
 * @param {string} first
 * @param {string} second
 * @returns {Promise<boolean>} whether all files, values, flags and exit codes are equal.
 */
export async function compareFolders(first, second) {
  const [before, after] = [first, second].map((folder) => new Outputs(folder));
  if (!before || !after) throw new Error("two folders are needed");
  const names = [...new Set([...before.steps.keys(), ...after.steps.keys()])];
  let [different, worded] = [0, 0];
  console.log(`${"command".padEnd(34)} files  result`);
  for (const name of names) {
    const { files, differences, words } = compareStep(name, before, after);
    const isSkipped = typeof after.steps.get(name)?.code === "string";
    const result = differences.length > 0 ? "DIFFERENT" : isSkipped ? "skipped in both" : "equal";
    const note = words.length > 0 ? ", text differs" : "";
    console.log(`${name.padEnd(34)} ${String(files).padStart(5)}  ${result}${note}`);
    show(differences, SHOWN, "difference");
    show(words, SHOWN_LINES, "line");
    if (differences.length > 0) different++;
    if (words.length > 0) worded++;
  }
  const verdict = different === 0 ? "equal" : `${different} different`;
  console.log(`\n${names.length} commands: ${verdict}; the text of ${worded} differs`);
  return different === 0;
}

/** @param {readonly string[]} found @param {number} most @param {string} noun */
function show(found, most, noun) {
  for (const line of found.slice(0, most)) console.log(`    ${shortened(line)}`);
  const more = found.length - most;
  if (more > 0) console.log(`    and ${more} more ${noun}${more === 1 ? "" : "s"}`);
}

/** @param {string} text */
function shortened(text) {
  return text.length > WIDEST * 2 ? `${text.slice(0, WIDEST * 2)}…` : text;
}

/** One folder of outputs. */
class Outputs {
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
      if (PASSING_FILES.some((rule) => rule.test(name))) continue;
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

/** @param {string} name @param {Outputs} before @param {Outputs} after */
function compareStep(name, before, after) {
  const [first, second] = [before.steps.get(name), after.steps.get(name)];
  /** @type {string[]} */
  const differences = [];
  if (first === undefined || second === undefined) {
    const where = first === undefined ? after.folder : before.folder;
    return { files: 0, differences: [`is only in ${where}`], words: [] };
  }
  if (first.code !== second.code) differences.push(`exit code ${first.code} ≠ ${second.code}`);
  const { compare, ignore } = second;
  const printed = /** @type {const} */ ([before.printed(name), after.printed(name)]);
  const words = differingLines(...printed);
  if (compare === "flags") {
    const [old, now] = printed.map(flagsOf);
    for (const flag of old ?? []) if (!now?.has(flag)) differences.push(`${flag} is missing`);
    for (const flag of now ?? []) if (!old?.has(flag)) differences.push(`${flag} is new`);
    return { files: 0, differences, words };
  }
  const names = /** @type {const} */ ([before.files(name), after.files(name)]);
  const [old, now] = compare === "keys" ? names.map(numberless) : names;
  const all = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].sort();
  for (const file of all) {
    const [mine = [], theirs = []] = [old?.get(file), now?.get(file)];
    if (mine.length === 0 || theirs.length === 0) {
      differences.push(`${file} is ${theirs.length === 0 ? "missing" : "new"}`);
    } else if (compare === "keys") {
      if (!file.endsWith(".json")) continue;
      const [keys, others] = [mine, theirs].map((files) => keySet(files));
      for (const key of keys ?? [])
        if (!others?.has(key)) differences.push(`${file}: ${key} is missing`);
      for (const key of others ?? [])
        if (!keys?.has(key)) differences.push(`${file}: ${key} is new`);
    } else {
      if (mine.length !== theirs.length) {
        differences.push(`${file}: ${mine.length} files ≠ ${theirs.length} files`);
      }
      const contents = /** @type {const} */ ([before.read(file, mine), after.read(file, theirs)]);
      for (const [i, one] of contents[0].entries()) {
        const other = contents[1][i];
        if (other !== undefined) compareFiles(file, [one, other], { ignore, differences, words });
      }
    }
  }
  return { files: all.length, differences, words };
}

/**
 * @param {string} name
 * @param {[Decoded, Decoded]} pair
 * @param {{ ignore: readonly string[], differences: string[], words: string[] }} results to add to.
 */
function compareFiles(name, [old, now], { ignore, differences, words }) {
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
function isContainer(value) {
  return typeof value === "object" && value !== null;
}

/** @param {unknown} value */
function brief(value) {
  const text = value === ABSENT ? "(absent)" : JSON.stringify(value);
  return text.length > WIDEST / 2 ? `${text.slice(0, WIDEST / 2)}…` : text;
}

/** @param {Map<string, string[]>} files @returns {Map<string, string[]>} with `#` for numbers in names. */
function numberless(files) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const [name, paths] of files) {
    const plain = name.replace(/\d+/g, "#");
    found.set(plain, [...(found.get(plain) ?? []), ...paths]);
  }
  return found;
}

/** Every path of keys in some JSON files; the entries of lists count as one. @param {readonly string[]} files */
function keySet(files) {
  /** @type {Set<string>} */
  const keys = new Set();
  const visit = (/** @type {unknown} */ value, /** @type {string} */ at) => {
    if (at !== "") keys.add(at);
    if (!isContainer(value)) return;
    for (const [key, part] of Object.entries(/** @type {object} */ (value))) {
      visit(part, Array.isArray(value) ? `${at}[]` : `${at}.${key}`);
    }
  };
  for (const file of files) visit(JSON.parse(readFileSync(file, "utf8")), "");
  return keys;
}

/** The flags that a help text explains. @param {string} help @returns {Set<string>} */
function flagsOf(help) {
  return new Set(
    [...help.matchAll(/^ {2}(--[a-z][\w-]*(?: [A-Z]\S*)?)/gm)].map(([, flag]) => flag ?? ""),
  );
}

/**
 * Lines of each text that the other text does not contain; differences in numbers are ignored.
 *
 * @param {string} before
 * @param {string} after
 * @param {string} [name] of the file that holds the texts.
 * @returns {string[]}
 */
function differingLines(before, after, name) {
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
