import { existsSync } from "node:fs";
import { fetchLibtensorflow, libtensorflowFolder } from "./libtensorflow.mjs";
import { npmCommand } from "./npm.mjs";
import { findBasePython, installRequirements, makeVenv, venvState } from "./python.mjs";
import {
  buildAddon,
  checkCompiler,
  IS_PINNED,
  tensorflowState,
  verifyTensorflow,
} from "./tensorflow.mjs";

/**
 * What a set-up must provide in the current folder.
 *
 * @typedef {object} Wanted
 * @property {{ problem: () => string | undefined, install: () => Promise<void> }} packages the npm
 *   packages: the reason why they must be installed, undefined if all are, and what installs them.
 * @property {boolean} tensorflow whether TensorFlow must be built into tfjs-node.
 * @property {boolean} python whether Python packages are needed.
 */

/**
 * The reason why each part must be set up; undefined for a part that is complete or not wanted.
 *
 * @param {Wanted} wanted
 */
export async function look(wanted) {
  const packages = wanted.packages.problem();
  const tensorflow = wanted.tensorflow ? tensorflowState() : {};
  // Replacing node_modules takes the addon away, too.
  const addon = wanted.tensorflow ? (packages ?? tensorflow.problem) : undefined;
  const needsVenv = wanted.python || (addon !== undefined && needsPythonForAddon());
  const venv = needsVenv ? await venvState() : {};
  const missing = { packages, addon, venv: venv.problem };
  const found = [
    ...(tensorflow.version === undefined ? [] : [`TensorFlow ${tensorflow.version}`]),
    ...(venv.python === undefined ? [] : [`Python ${venv.python}`]),
  ];
  return {
    ...missing,
    complete: Object.values(missing).every((reason) => reason === undefined),
    found: found.length === 0 ? "the npm packages are installed" : found.join(", "),
  };
}

/** Whether pip must download libtensorflow, or node-gyp runs on the environment's Python. */
function needsPythonForAddon() {
  return !IS_PINNED || !existsSync(libtensorflowFolder());
}

/**
 * Sets up what is missing; parts that do not depend on each other at the same time.
 *
 * @param {Wanted} wanted
 * @param {Awaited<ReturnType<typeof look>>} missing
 * @param {import("./steps.mjs").Steps} steps
 */
export async function supply(wanted, missing, steps) {
  const { packages, addon, venv } = missing;
  // Everything that only the user can install is checked before any long step.
  npmCommand();
  if (addon !== undefined) checkCompiler();
  const base = venv === undefined ? undefined : await findBasePython();

  const reasons = new Set([packages, addon, venv].filter((reason) => reason !== undefined));
  console.log(`setting up: ${[...reasons].join("; ")}`);
  const venvMade = base && steps.step("Python environment", () => makeVenv(base));
  const packagesMade = packages && steps.step("npm packages", wanted.packages.install);
  const libraryMade = async () => {
    if (!IS_PINNED || existsSync(libtensorflowFolder())) return;
    await venvMade; // its pip does the download
    await steps.step("libtensorflow", fetchLibtensorflow);
  };
  const addonMade = async () => {
    await Promise.all([
      packagesMade,
      libraryMade(),
      !IS_PINNED && venvMade, // node-gyp runs on its Python
    ]);
    await steps.step("TensorFlow addon", buildAddon);
    await steps.step("TensorFlow check", verifyTensorflow);
  };
  const requirementsMade = async () => {
    // Outside of a clone, the list of Python packages is in one of the npm packages.
    await Promise.all([venvMade, packagesMade]);
    if (base && wanted.python) {
      await steps.step("Python packages", () => installRequirements(base));
    }
  };
  await Promise.all([addon && addonMade(), requirementsMade()]);
  steps.stop();
}
