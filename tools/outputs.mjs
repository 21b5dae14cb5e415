// Checks that a change of the code's structure changes no command's output.
//   node tools/outputs.mjs --out DIR              runs every command of every package on the built-in
//                                                 data set, and stores their files and printed text
//   node tools/outputs.mjs --compare DIR1 DIR2    compares two such folders; exits with 1 if a file,
//                                                 a JSON value, a flag or an exit code differs
// The commands are a table in outputs/commands.mjs; what may differ is a table in
// outputs/rules.mjs. Wording may change: a different text is shown, but is not a failure. Use the
// same MIEN_DATA for both folders.
import { parseArgs } from "node:util";
import { compareFolders } from "./outputs/compare.mjs";
import { runAll } from "./outputs/run.mjs";

const USAGE = "usage: node tools/outputs.mjs --out DIR | --compare DIR1 DIR2";

const { values, positionals } = readArguments();
if (values.out !== undefined && positionals.length === 0) {
  process.exitCode = (await runAll(values.out)) ? 0 : 1;
} else if (values.compare && positionals.length === 2) {
  const [first = "", second = ""] = positionals;
  process.exitCode = (await compareFolders(first, second)) ? 0 : 1;
} else {
  fail(USAGE);
}

function readArguments() {
  const options = /** @type {const} */ ({ out: { type: "string" }, compare: { type: "boolean" } });
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message);
  process.exit(2);
}
