// Compares two folders that tools/outputs.mjs has written.
import { readFileSync } from "node:fs";
import { compareFiles, differingLines } from "./compare-files.mjs";
import { isContainer } from "./is-container.mjs";
import { Outputs } from "./output-folder.mjs";

/** Number of differences that are shown for one step; the others are counted. */
const SHOWN = 6;
/** Number of differing lines of text that are shown for one step. */
const SHOWN_LINES = 2;
/** Longest line that is shown, in characters. */
const WIDEST = 220;

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
  return text.length > WIDEST ? `${text.slice(0, WIDEST)}…` : text;
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
