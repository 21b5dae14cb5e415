// Checks what neither the compiler nor ESLint checks: circles of imports, full folders, casts,
// links and paths in texts, unused exports and dependencies, and spelling.
//
//     node tools/guards.mjs [NAME...]      all checks, or those that are named
//     node tools/guards.mjs --casts        the casts of each package, per 1,000 lines
import path from "node:path";
import { LIMIT, countCasts, findTooManyCasts } from "./guards/casts.mjs";
import { findCircles } from "./guards/circles.mjs";
import { findFullFolders } from "./guards/folders.mjs";
import { findBrokenLinks, findMissingPaths } from "./guards/links.mjs";
import { findMisspellings } from "./guards/spelling.mjs";
import { findUnused } from "./guards/unused.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");

/** What each check looks for. @type {Record<string, (root: string) => string[] | Promise<string[]>>} */
const CHECKS = {
  circles: findCircles,
  folders: findFullFolders,
  casts: findTooManyCasts,
  links: findBrokenLinks,
  paths: findMissingPaths,
  unused: findUnused,
  spelling: findMisspellings,
};

const names = process.argv.slice(2);
const unknown = names.find((name) => name !== "--casts" && !Object.hasOwn(CHECKS, name));
if (unknown !== undefined) {
  console.error(`unknown check ${unknown}; there are ${Object.keys(CHECKS).join(", ")}`);
  process.exitCode = 2;
} else if (names.includes("--casts")) {
  showCasts();
} else {
  await runChecks(names.length > 0 ? names : Object.keys(CHECKS));
}

/** @param {readonly string[]} chosen */
async function runChecks(chosen) {
  const runs = chosen.map(async (name) => ({ name, found: (await CHECKS[name]?.(ROOT)) ?? [] }));
  for (const run of runs) {
    const { name, found } = await run;
    for (const sentence of found) console.log(`${name}: ${sentence}`);
    if (found.length > 0) process.exitCode = 1;
    console.log(`${name}: ${found.length === 0 ? "nothing" : found.length} found`);
  }
}

function showCasts() {
  console.log(`casts per 1,000 lines of code without tests; at most ${LIMIT} are the aim`);
  for (const { name, casts, lines, rate } of countCasts(ROOT)) {
    const numbers = `${rate.toFixed(1).padStart(6)}  ${casts} in ${lines} lines`;
    console.log(`${name.padEnd(14)}${numbers}`);
  }
}
