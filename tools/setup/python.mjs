import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { outputOf, run } from "./run.mjs";
import { howToGet, SetupError } from "./setup-error.mjs";
import { isAtLeast } from "./versions.mjs";

const FOLDER = ".venv";
const OLDEST = [3, 10];

/** Written before anything else, so that a folder that somebody else made is never changed. */
const STAMP = path.join(FOLDER, "mien-setup.json");

/** The interpreter of the virtual environment. */
export const VENV_PYTHON = path.resolve(
  FOLDER,
  process.platform === "win32" ? "Scripts/python.exe" : "bin/python",
);

/**
 * Python runs this when it starts: onnxruntime otherwise reports each model that is opened to
 * Microsoft. This applies to everything that is run in the environment, also by hand.
 */
const STARTUP = "import os; os.environ['ORT_DISABLE_TELEMETRY'] = '1'\n";
const STARTUP_FILE = "mien_telemetry_off.pth";

/**
 * Settings of the folder into which pip installs are overridden; the user's settings of the
 * download (index, proxy, certificates) are kept.
 */
export const PIP_ENVIRONMENT = {
  PIP_USER: "0",
  PIP_REQUIRE_VIRTUALENV: undefined,
  PIP_TARGET: undefined,
  PIP_PREFIX: undefined,
  PIP_ROOT: undefined,
  PIP_NO_INPUT: "1",
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
};

/**
 * Why the virtual environment must be made.
 *
 * @returns {Promise<{ problem?: string, python?: string }>} no problem if all is well, then its Python's
 *   version.
 * @throws {SetupError} if the folder was not made by this set-up.
 */
export async function venvState() {
  if (!existsSync(FOLDER)) return { problem: `${FOLDER} is missing` };
  if (!existsSync(STAMP)) {
    throw new SetupError(
      `${path.resolve(FOLDER)} was not made by this set-up: move it away or delete it, then run this again.`,
    );
  }
  const stamp = readStamp();
  if (stamp.python === undefined) return { problem: `${FOLDER} is unfinished` };
  if (stamp.requirements !== requirementsHash())
    return { problem: "the requirements have changed" };
  const base = process.env.MIEN_PYTHON_BASE;
  if (base !== undefined && base !== stamp.base) return { problem: `${FOLDER} is not of ${base}` };
  // An upgrade of the system's Python leaves a venv whose packages are in the wrong folder.
  const version = await run([VENV_PYTHON, "-V"]).catch(() => "");
  if (version.trim() !== `Python ${stamp.python}`) return { problem: "Python has changed" };
  return { python: stamp.python };
}

/** @returns {{ requirements?: string, base?: string, python?: string }} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, "utf8"));
  } catch {
    return {};
  }
}

/** @typedef {{ command: string[], version: string }} BasePython */

/**
 * A Python that can make virtual environments.
 *
 * @returns {Promise<BasePython>}
 * @throws {SetupError} that names the tried ones and what they lack.
 */
export async function findBasePython() {
  const chosen = process.env.MIEN_PYTHON_BASE;
  const usual = [["python3"], ["python"]];
  const candidates =
    chosen !== undefined
      ? [[chosen]]
      : process.platform === "win32"
        ? [["py", "-3"], ...usual]
        : usual;
  const probe =
    "import platform; print(platform.python_version(), flush=True); import venv, ensurepip; print('venv')";
  const tried = [];
  for (const command of candidates) {
    const name = command.join(" ");
    const printed = await run([...command, "-I", "-c", probe]).catch(outputOf);
    const [version = "", venv] = printed.split(/\r?\n/);
    if (!isAtLeast(version, [0])) tried.push(`${name} is not there`);
    else if (!isAtLeast(version, OLDEST)) tried.push(`${name} is ${version}`);
    else if (venv !== "venv") tried.push(`${name} (${version}) lacks the venv module`);
    else return { command, version };
  }
  const how = howToGet({
    debian: "apt-get install python3 python3-venv",
    fedora: "dnf install python3 python3-pip",
    macos: "brew install python",
    windows: "winget install Python.Python.3.13",
  });
  throw new SetupError(
    `Python ${OLDEST.join(".")} or newer with venv is missing (${tried.join("; ")}): install it with ${how}, or set MIEN_PYTHON_BASE to the path of one.`,
  );
}

/**
 * Makes a virtual environment that holds only pip, and deletes an older one.
 *
 * @param {BasePython} base
 */
export async function makeVenv(base) {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  writeFileSync(STAMP, "{}\n");
  try {
    await run([...base.command, "-I", "-m", "venv", FOLDER]);
  } catch (error) {
    const how = howToGet({
      debian: "apt-get install python3-venv",
      fedora: "dnf install python3-pip",
      macos: "brew reinstall python",
      windows: "winget install Python.Python.3.13",
    });
    throw new SetupError(
      `${base.command.join(" ")} (${base.version}) could not make a virtual environment: install its venv module with ${how}, or set MIEN_PYTHON_BASE to another Python's path.`,
      { output: outputOf(error), cause: error },
    );
  }
}

/**
 * Installs the packages of the requirements files, and then records that the environment is
 * complete.
 *
 * @param {BasePython} base
 */
export async function installRequirements(base) {
  const files = requirementsFiles();
  // Compiling every module ahead of time would double the duration.
  const options = ["--only-binary", ":all:", "--no-compile", "--progress-bar", "off", "-q"];
  try {
    await run([VENV_PYTHON, "-I", "-m", "pip", "install", ...options, ...pipArguments()], {
      env: PIP_ENVIRONMENT,
    });
  } catch (error) {
    throw new SetupError(
      `pip could not install ${files.join(" and ")}: check the network, pip's index setting and that ${base.version} is a Python that these versions support (else set MIEN_PYTHON_BASE), then run this again.`,
      { output: outputOf(error), cause: error },
    );
  }
  const where = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
  const packages = await run([VENV_PYTHON, "-I", "-c", where]);
  writeFileSync(path.join(packages, STARTUP_FILE), STARTUP);
  const stamp = {
    requirements: requirementsHash(),
    base: process.env.MIEN_PYTHON_BASE,
    python: base.version,
  };
  writeFileSync(STAMP, `${JSON.stringify(stamp)}\n`);
}

const TOOLS = "tools/requirements.txt";
/** Outside of a clone, only the search for hyperparameters runs Python. */
const TUNE_OUTSIDE = "node_modules/@mien/tune/python/requirements.txt";

/** Whether the current folder is a clone, or one that `mien setup` fills. */
const isClone = () => existsSync("packages");

/** The requirements of the tools, and of each package that has a Python part. */
function requirementsFiles() {
  if (!isClone()) return [TUNE_OUTSIDE];
  const parts = readdirSync("packages").sort();
  return [TOOLS, ...parts.map((name) => `packages/${name}/python/requirements.txt`)].filter(
    existsSync,
  );
}

/** The arguments with which pip installs them. */
function pipArguments() {
  const files = requirementsFiles().flatMap((file) => ["-r", file]);
  // The importance of hyperparameters needs scikit-learn, which a clone has for its tests.
  return isClone() ? files : [...files, "-c", TOOLS, "scikit-learn"];
}

function requirementsHash() {
  const hash = createHash("sha256").update(STARTUP);
  const files = new Set([TOOLS, ...requirementsFiles()]);
  for (const file of [...files].filter(existsSync)) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}
