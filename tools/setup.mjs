// Sets up whatever is missing: npm packages (their own scripts off), native TensorFlow for Node,
// and a Python environment for the programs that check mien's results. Needs only Node, since it
// runs before any package is installed.
import { existsSync } from "node:fs";
import path from "node:path";
import { fetchLibtensorflow, libtensorflowFolder } from "./setup/libtensorflow.mjs";
import { takeLock } from "./setup/lock.mjs";
import { installNodeModules, nodeModulesProblem } from "./setup/node-modules.mjs";
import { npmCommand } from "./setup/npm.mjs";
import { findBasePython, installRequirements, makeVenv, venvState } from "./setup/python.mjs";
import { stopAll } from "./setup/run.mjs";
import { SetupError } from "./setup/setup-error.mjs";
import { createSteps, secondsSince } from "./setup/steps.mjs";
import {
  buildAddon,
  checkCompiler,
  IS_PINNED,
  tensorflowState,
  verifyTensorflow,
} from "./setup/tensorflow.mjs";
import { checkPath } from "./setup/path.mjs";
import { isAtLeast } from "./setup/versions.mjs";

const OLDEST_NODE = [20, 19];
/** How much of a failed tool's output is shown above the sentence that explains it, in lines. */
const SHOWN_LINES = 15;

const debug = process.env.MIEN_DEBUG === "1";
const steps = createSteps();

process.once("SIGINT", () => stop(130));
process.once("SIGTERM", () => stop(143));
try {
  await setUp();
} catch (error) {
  steps.stop();
  report(error);
  stop(1);
}

async function setUp() {
  const start = performance.now();
  if (!isAtLeast(process.version, OLDEST_NODE)) {
    throw new SetupError(
      `Node ${OLDEST_NODE.join(".")} or newer is needed, this is ${process.version}: install a newer one from Node's website or with a version manager.`,
    );
  }
  const root = path.resolve(import.meta.dirname, "..");
  checkPath(root);
  process.chdir(root);

  let state = await look();
  if (!state.complete) {
    await takeLock();
    state = await look(); // another set-up may have done it meanwhile
  }
  if (!state.complete) {
    await supply(state);
    console.log(`set up in ${secondsSince(start)}`);
  } else {
    console.log(`set up: ${state.found}; nothing is missing (${secondsSince(start)})`);
  }
}

/** The reason why each part must be set up; undefined for a part that is complete. */
async function look() {
  const packages = nodeModulesProblem();
  const tensorflow = tensorflowState();
  const venv = await venvState();
  // Replacing node_modules takes the addon away, too.
  const addon = packages ?? tensorflow.problem;
  return {
    packages,
    addon,
    venv: venv.problem,
    complete: addon === undefined && venv.problem === undefined,
    found: `TensorFlow ${tensorflow.version}, Python ${venv.python}`,
  };
}

/**
 * Sets up what is missing; parts that do not depend on each other at the same time.
 *
 * @param {Awaited<ReturnType<typeof look>>} missing
 */
async function supply({ packages, addon, venv }) {
  // Everything that only the user can install is checked before any long step.
  npmCommand();
  if (addon !== undefined) checkCompiler();
  const base = venv === undefined ? undefined : await findBasePython();

  const reasons = new Set([addon, venv].filter((reason) => reason !== undefined));
  console.log(`setting up: ${[...reasons].join("; ")}`);
  const venvMade = base && steps.step("Python environment", () => makeVenv(base));
  const libraryMade = async () => {
    if (!IS_PINNED || existsSync(libtensorflowFolder())) return;
    await venvMade; // its pip does the download
    await steps.step("libtensorflow", fetchLibtensorflow);
  };
  const addonMade = async () => {
    await Promise.all([
      packages && steps.step("npm packages", installNodeModules),
      libraryMade(),
      !IS_PINNED && venvMade, // node-gyp runs on its Python
    ]);
    await steps.step("TensorFlow addon", buildAddon);
    await steps.step("TensorFlow check", verifyTensorflow);
  };
  const requirementsMade = async () => {
    await venvMade;
    if (base) await steps.step("Python packages", () => installRequirements(base));
  };
  await Promise.all([addon && addonMade(), requirementsMade()]);
  steps.stop();
}

/** @param {unknown} error */
function report(error) {
  const known = error instanceof SetupError;
  const output = known ? error.output.trimEnd() : "";
  const lines = output === "" ? [] : output.split("\n");
  for (const line of debug ? lines : lines.slice(-SHOWN_LINES)) console.error(`  ${line}`);
  const message = error instanceof Error ? error.message : String(error);
  console.error(`set-up failed: ${message}${known ? "" : " (MIEN_DEBUG=1 shows where)"}`);
  if (debug) console.error(error);
}

/** @param {number} code */
function stop(code) {
  stopAll();
  process.exit(code);
}
