// Runs the commands of the listings in README and docs, and updates or compares the listings.
//   npm run listings                     updates the listings with the cost quick or minutes
//   npm run listings -- NAME …           updates the named listings, also with the cost long
//   npm run listings -- --check [NAME …] compares the parts that do not vary, and changes no file;
//                                        without names: the listings with the cost quick, and if the
//                                        environment variable MIEN_LONG is 1, also minutes
//   npm run listings -- --list           prints the name and the cost of every listing
// A listing whose data are missing is skipped, with a message. The comment above a listing contains its
// fields (tools/listings/document.mjs).
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { differences, findListings, listingText, replaceListings } from "./listings/document.mjs";
import { npmCommand } from "./setup/npm.mjs";
import { secondsSince } from "./setup/steps.mjs";

/** @typedef {import("./listings/document.mjs").Listing} Listing */

process.chdir(path.resolve(import.meta.dirname, ".."));
const data = process.env.MIEN_DATA && path.resolve(process.env.MIEN_DATA);

/** The possible paths of each data set that a listing may need; the first path that exists is used. */
const PLACES = {
  fer2013: [data, "datasets/fer2013"].flatMap((folder) =>
    folder ? [`${folder}/fer2013.csv.gz`, `${folder}/fer2013.csv`] : [],
  ),
  faces: data ? [`${data}/faces`] : [],
};

const { values, positionals } = readArguments();
/** The costs of the listings that are updated or compared if no listing is named. */
const costs = values.check && process.env.MIEN_LONG !== "1" ? ["quick"] : ["quick", "minutes"];
const documents = ["README.md", ...readdirSync("docs").map((name) => `docs/${name}`)]
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({ file, text: readFileSync(file, "utf8") }))
  .map(({ file, text }) => ({ file, listings: listingsOf(file, text) }));
const all = documents.flatMap(({ listings }) => listings);

const unknown = positionals.filter((name) => !all.some((listing) => listing.name === name));
if (unknown.length > 0) {
  fail(2, `no listing "${unknown[0]}"; there are ${all.map(({ name }) => name).join(", ")}`);
}
if (values.list) {
  for (const { name, cost, commands } of all) {
    console.log(`${name.padEnd(18)} ${cost.padEnd(8)} ${commands.join(" && ")}`);
  }
} else {
  let failed = 0;
  for (const document of documents) failed += await renew(document);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** @param {{ file: string, listings: Listing[] }} document @returns number of listings that failed. */
async function renew({ file, listings }) {
  let failed = 0;
  for (const listing of listings) {
    const { name, cost } = listing;
    if (positionals.length > 0 ? !positionals.includes(name) : !costs.includes(cost)) continue;
    const lacking = listing.needs.find((need) => placeOf(need) === undefined);
    if (lacking !== undefined) {
      console.log(`skipped: ${name} in ${file} needs ${lacking}`);
      continue;
    }
    const start = performance.now();
    try {
      const printed = listingText(listing, await outputs(listing));
      const changed = differences(listing, printed);
      if (!values.check) write(file, name, printed);
      if (values.check && changed.length > 0) failed++;
      const verdict = changed.length === 0 ? "up to date" : values.check ? "DIFFERS" : "changed";
      console.log(`${name} in ${file}, line ${listing.line}: ${verdict} (${secondsSince(start)})`);
      for (const line of changed) console.log(`    ${line}`);
    } catch (error) {
      failed++;
      console.log(`${name} in ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (values.check && failed > 0) {
    console.log(`if the new output is correct, update the listings with "npm run listings"`);
  }
  return failed;
}

/**
 * Writes one listing to its document. Each listing is written at once, so that finished listings are
 * kept after an interruption.
 *
 * @param {string} file
 * @param {string} name
 * @param {string} printed
 */
function write(file, name, printed) {
  const text = readFileSync(file, "utf8");
  const texts = findListings(text)
    .filter((listing) => listing.name === name)
    .map((listing) => /** @type {const} */ ([listing, printed]));
  writeFileSync(file, replaceListings(text, new Map(texts)));
}

/** @param {Listing} listing @returns {Promise<string[]>} */
async function outputs(listing) {
  const bringBack = listing.clear.map(setAside);
  const clone = listing.inClone ? mkdtempSync(path.join(tmpdir(), "mien-clone-")) : undefined;
  try {
    if (clone !== undefined) await run(["git", "clone", "-q", ".", clone], process.cwd());
    const printed = [];
    for (const command of listing.commands) {
      printed.push(await run(program(command), clone ?? process.cwd(), clone));
    }
    return printed;
  } finally {
    for (const restore of bringBack) restore();
    if (clone !== undefined) rmSync(clone, { recursive: true, force: true });
  }
}

/**
 * Renames a folder, so that a command does not find it.
 *
 * @param {string} folder
 * @returns {() => void} deletes what the command has written, and gives the folder its name back. If this
 *   process is killed before, the next call does so.
 */
function setAside(folder) {
  const aside = `${folder}.aside`;
  const restore = () => {
    rmSync(folder, { recursive: true, force: true });
    if (existsSync(aside)) renameSync(aside, folder);
  };
  if (existsSync(aside)) restore();
  if (existsSync(folder)) renameSync(folder, aside);
  return restore;
}

/**
 * Splits a command, as a reader types it, into a program and its arguments.
 *
 * @param {string} command without quotes.
 */
function program(command) {
  const words = command
    .split(" ")
    .map((word) => (word === "photos/" ? String(placeOf("faces")) : word));
  const [first, second, ...rest] = words;
  if (first === "npx" && second === "nx") {
    return [process.execPath, "node_modules/nx/dist/bin/nx.js", ...rest];
  }
  if (first === "npm" && second === "run") return [...npmCommand(), "run", "--silent", ...rest];
  if (first === "node") return [process.execPath, ...words.slice(1)];
  throw new Error(`"${command}" must begin with npx nx, npm run or node`);
}

/**
 * Runs a program to its end.
 *
 * @param {readonly string[]} command
 * @param {string} cwd
 * @param {string} [clone] a new clone, which shares no cache with others.
 * @returns {Promise<string>} its output without the lines of nx, with paths as in a reader's clone.
 */
async function run([file = "", ...args], cwd, clone) {
  const child = spawn(file, args, {
    cwd,
    env: {
      ...process.env,
      ...(clone === undefined ? {} : { MIEN_CACHE: path.join(clone, ".cache/mien") }),
      ...{ NX_DAEMON: "false", NX_TUI: "false", NO_COLOR: "1", FORCE_COLOR: undefined },
      npm_config_loglevel: undefined,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  }
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const text = withoutNx(stripVTControlCharacters(output).replaceAll("\r", ""));
  if (code !== 0) throw new Error(`"${args.join(" ")}" failed:\n${text}`);
  return asReaders(text);
}

/** @param {string} output */
function withoutNx(output) {
  const begins = [...output.matchAll(/^> nx run .*\n+(?:> .*\n+)?/gm)].at(-1);
  const start = begins === undefined ? 0 : begins.index + begins[0].length;
  const end = output.search(/^\s*(?:—+\s*)?\n?\s*NX {3}(?:Successfully|Running|Ran) /m);
  return output.slice(start, end < start ? undefined : end).replace(/^\n+|\s+$/g, "");
}

/** @param {string} text with the folders of this machine. @returns the text with the folders in the documents. */
function asReaders(text) {
  let result = text;
  for (const [folder, shown] of [
    [placeOf("faces"), "photos"],
    [data, "datasets/fer2013"],
  ]) {
    if (!folder || !shown) continue;
    result = result.replaceAll(path.resolve(folder), shown);
    result = result.replaceAll(path.relative(".", folder), shown);
  }
  return result.replaceAll(`${process.cwd()}/`, "");
}

/** @param {string} need @returns {string | undefined} */
function placeOf(need) {
  const places = need in PLACES ? PLACES[/** @type {keyof typeof PLACES} */ (need)] : [need];
  return places.find((file) => existsSync(file));
}

/** @param {string} file @param {string} text */
function listingsOf(file, text) {
  try {
    return findListings(text);
  } catch (error) {
    return fail(1, `${file}, ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readArguments() {
  const options = /** @type {const} */ ({ check: { type: "boolean" }, list: { type: "boolean" } });
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return fail(2, error instanceof Error ? error.message : String(error));
  }
}

/** @param {number} code @param {string} message @returns {never} */
function fail(code, message) {
  console.error(message);
  process.exit(code);
}
