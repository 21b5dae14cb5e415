// Sets up, in the current folder and outside of a clone, the commands of mien that need more than
// the package `mien` itself. `mien setup` copies tools/setup into the folder and starts:
//
//   node tools/setup/outside/set-up-outside.mjs '{ "packages": { "@mien/data": "0.1.0" }, "tensorflow": false, "python": false }'
//
// The folder then looks like a clone to the rest of this code. What is finished is written to
// ready.json, which `mien` reads.
import { readFileSync, writeFileSync } from "node:fs";
import { packagesOutside } from "./packages-outside.mjs";
import { runSetup } from "../program.mjs";

const READY = "ready.json";

/** @type {{ packages: Record<string, string>, tensorflow: boolean, python: boolean }} */
const { packages, tensorflow, python } = JSON.parse(process.argv[2] ?? "");
await runSetup({ packages: packagesOutside(packages), tensorflow, python });
const before = ready();
writeFileSync(
  READY,
  `${JSON.stringify({
    packages: { ...before.packages, ...packages },
    tensorflow: before.tensorflow === true || tensorflow,
    python: before.python === true || python,
  })}\n`,
);

/** What earlier set-ups have finished in this folder. @returns {Partial<{ packages: Record<string, string>, tensorflow: boolean, python: boolean }>} */
function ready() {
  try {
    return JSON.parse(readFileSync(READY, "utf8"));
  } catch {
    return {};
  }
}
