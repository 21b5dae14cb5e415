// Checks the whole repository: lint, types and the tests of every package through nx, which skips
// what has not changed; then the format, the guards (imports, spelling, links, unused code) and the
// printed texts in README and docs. At the end it prints the slowest test files and the names of
// skipped and failed checks; the last line has the numbers of passed, failed and skipped checks.
//   npm test
//   npm test -- --long    also what takes minutes: more kills, longer soaks, every benchmark, and the
//                         demo in a new clone (MIEN_LONG=1)
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { secondsSince } from "./setup/steps.mjs";
import { countTests, failedTasks, skippedTests, slowestFiles } from "./test/results.mjs";

const REPORTS = ".cache/vitest";
const NX = "node_modules/nx/dist/bin/nx.js";

/** Number of the slowest test files that are printed. */
const SLOWEST = 10;

const { long } = readArguments();
process.chdir(path.resolve(import.meta.dirname, ".."));
// Reports of earlier runs are deleted, so that a missing report is noticed; nx restores cached
// ones.
rmSync(REPORTS, { recursive: true, force: true });

const [tasks, { format, guards, listings }] = await Promise.all([checkCode(), checkTexts()]);

const failedNames = tasks.passed ? [] : namesOr(failedTasks(tasks.output), "lint, types or tests");
const testFailures = failedNames.filter((name) => name.endsWith(":test"));
const otherFailures = [
  ...(format.passed ? [] : ['format (mended by "npm run format")']),
  ...(guards.passed ? [] : ['guards (shown by "npm run guards")']),
  ...(listings.passed ? [] : ['listings (mended by "npm run listings")']),
  ...failedNames.filter((name) => !testFailures.includes(name)),
];
const reports = testedProjects().map(readReport);
const count = countTests(reports);
// Every failed check counts as a failure in the last line.
const failed = Math.max(count.failed, testFailures.length) + otherFailures.length;

console.log("\nslowest files:");
for (const { file, seconds } of slowestFiles(reports, SLOWEST)) {
  console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${path.relative(".", file)}`);
}
for (const title of skippedTests(reports)) console.log(`skipped: ${title}`);
for (const name of [...otherFailures, ...testFailures]) console.log(`failed: ${name}`);
console.log(`${count.passed} passed, ${failed} failed, ${count.skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/** Compiles everything, then runs lint, types and tests, as many at a time as nx.json says. */
async function checkCode() {
  // One process compiles all packages in a third of the time that nx needs with a process for each.
  // Errors are reported by nx, which compiles again what failed.
  await run("compile", ["node_modules/typescript/bin/tsc", "-b"]);
  return run("lint, types and tests", [NX, "run-many", "-t", "lint", "build", "test"]);
}

/** Checks that need no nx: the format, the guards, then the listings. */
async function checkTexts() {
  const format = await run("format", ["node_modules/prettier/bin/prettier.cjs", "--check", "."]);
  const guards = await run("guards", ["tools/guards.mjs"]);
  return { format, guards, listings: await run("listings", ["tools/listings.mjs", "--check"]) };
}

/**
 * Runs one tool to its end, and shows its output as it comes.
 *
 * @param {string} title
 * @param {readonly string[]} command a script and its arguments.
 * @returns {Promise<{ passed: boolean, output: string }>}
 */
async function run(title, command) {
  const start = performance.now();
  console.log(`${title} …`);
  const child = spawn(process.execPath, command, {
    // nx's background process would outlive the run.
    env: { ...process.env, NX_DAEMON: "false", ...(long ? { MIEN_LONG: "1" } : {}) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const colours = process.stdout.isTTY && !process.env.NO_COLOR;
  /** @type {string[]} */
  const pieces = [];
  /** @param {string} text */
  const show = (text) =>
    process.stdout.write(colours ? text : stripVTControlCharacters(text).replaceAll("\r", ""));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      pieces.push(text);
      show(text);
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  const output = stripVTControlCharacters(pieces.join(""));
  console.log(`${title} ${code === 0 ? "passed" : "FAILED"} in ${secondsSince(start)}`);
  return { passed: code === 0, output };
}

/** @param {string[]} names @param {string} otherwise @returns {string[]} never empty. */
function namesOr(names, otherwise) {
  return names.length > 0 ? names : [otherwise];
}

function readArguments() {
  try {
    return parseArgs({ options: { long: { type: "boolean", default: false } } }).values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return process.exit(2);
  }
}

/** The nx projects that have a test target. */
function testedProjects() {
  const folders = readdirSync("packages").map((name) => `packages/${name}/package.json`);
  return ["tools/project.json", ...folders.filter((file) => existsSync(file))].flatMap((file) => {
    const content = JSON.parse(readFileSync(file, "utf8"));
    const { name, targets } = content.nx ?? content;
    return targets?.test === undefined ? [] : [String(name)];
  });
}

/** @param {string} project @returns {import("./test/results.mjs").Report | undefined} */
function readReport(project) {
  const file = path.join(REPORTS, `${project}.json`);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
