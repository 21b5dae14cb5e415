// Checks the whole repository: format, then lint and types, then the tests of every package, through nx
// (which remembers what has not changed), then the printed texts in README and docs. What failed is
// named at the end; the last line counts.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { secondsSince } from "./setup/steps.mjs";
import { countTests, failedTasks, skippedTests } from "./test/results.mjs";

const REPORTS = ".cache/vitest";
const NX = "node_modules/nx/dist/bin/nx.js";

process.chdir(path.resolve(import.meta.dirname, ".."));
// A report of an earlier run must not stand for one that is missing now; nx brings back cached ones.
rmSync(REPORTS, { recursive: true, force: true });

const format = await run("format", ["node_modules/prettier/bin/prettier.cjs", "--check", "."]);
const checks = await run("lint and types", [NX, "run-many", "-t", "lint", "build"]);
// One package after the other: TensorFlow and onnxruntime take every core they find.
const tests = await run("tests", [NX, "run-many", "-t", "test", "--parallel=1"], { watch: true });

// What README and docs show of printed texts, where it is made quickly; in CI also what takes minutes.
const listings = await run("listings", ["tools/listings.mjs", "--check"], { watch: true });

const otherFailures = [
  ...(format.passed ? [] : ['format (mended by "npm run format")']),
  ...(listings.passed ? [] : ['listings (mended by "npm run listings")']),
  ...(checks.passed ? [] : namesOr(failedTasks(checks.output), "lint or types")),
];
const testFailures = tests.passed ? [] : namesOr(failedTasks(tests.output), "tests");
const reports = testedProjects().map(readReport);
const count = countTests(reports);
// Every check that failed counts, so that the last line never looks better than the run was.
const failed = Math.max(count.failed, testFailures.length) + otherFailures.length;

console.log("");
for (const title of skippedTests(reports)) console.log(`skipped: ${title}`);
for (const name of [...otherFailures, ...testFailures]) console.log(`failed: ${name}`);
console.log(`${count.passed} passed, ${failed} failed, ${count.skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * Runs one tool to its end.
 *
 * @param {string} title
 * @param {readonly string[]} command a script and its arguments.
 * @param {{ watch?: boolean }} [options] `watch`: show the output as it comes, not only on failure.
 * @returns {Promise<{ passed: boolean, output: string }>}
 */
async function run(title, command, { watch = false } = {}) {
  const start = performance.now();
  console.log(`${title} …`);
  const child = spawn(process.execPath, command, {
    // nx's background process would outlive the run.
    env: { ...process.env, NX_DAEMON: "false" },
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
      if (watch) show(text);
    });
  }
  const code = await new Promise((resolve) => child.once("close", resolve));
  const output = stripVTControlCharacters(pieces.join(""));
  if (code !== 0 && !watch) show(pieces.join(""));
  console.log(`${title} ${code === 0 ? "passed" : "FAILED"} in ${secondsSince(start)}`);
  return { passed: code === 0, output };
}

/** @param {string[]} names @param {string} otherwise @returns {string[]} never empty. */
function namesOr(names, otherwise) {
  return names.length > 0 ? names : [otherwise];
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
