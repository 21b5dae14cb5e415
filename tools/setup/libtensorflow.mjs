import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { isRunning } from "./lock.mjs";
import { findProgram } from "./npm.mjs";
import { PIP_ENVIRONMENT, VENV_PYTHON } from "./python.mjs";
import { outputOf, run } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";

const REQUIREMENT = "tools/setup/libtensorflow.txt";

/**
 * The libtensorflow that is pinned for Linux on x86-64: its version, and the hash of the wheel.
 *
 * @returns {{ version: string, sha256: string }}
 */
export function pinned() {
  const match = /^tensorflow-cpu==(\S+) --hash=sha256:([0-9a-f]{64})$/m.exec(
    readFileSync(REQUIREMENT, "utf8"),
  );
  if (match === null) throw new Error(`${REQUIREMENT} pins no version with its hash`);
  return { version: match[1] ?? "", sha256: match[2] ?? "" };
}

/** Where downloads are kept between clones: MIEN_CACHE, else the user's cache folder. */
function cacheFolder() {
  const { MIEN_CACHE, XDG_CACHE_HOME } = process.env;
  if (MIEN_CACHE) return path.resolve(MIEN_CACHE);
  return path.join(XDG_CACHE_HOME || path.join(homedir(), ".cache"), "mien");
}

/** The folder with `lib` and `include`; it is complete or missing. */
export function libtensorflowFolder() {
  const { version, sha256 } = pinned();
  return path.join(cacheFolder(), `libtensorflow-${version}-${sha256.slice(0, 8)}`);
}

/**
 * Downloads the pinned TensorFlow wheel and keeps what an addon links to: two libraries and the C
 * API. The wheel's hash is checked before it is unpacked. The result is moved into the cache in one
 * step, so that it is complete or missing.
 */
export async function fetchLibtensorflow() {
  const folder = libtensorflowFolder();
  const aside = `${folder}.${process.pid}.part`;
  removeAbandoned();
  mkdirSync(aside, { recursive: true });
  const removeAside = () => rmSync(aside, { recursive: true, force: true });
  process.once("exit", removeAside);
  try {
    await download(aside);
    await run([VENV_PYTHON, "-I", "tools/setup/unpack_wheel.py", aside, aside]);
    const unpacked = path.join(aside, "tensorflow");
    const lib = path.join(aside, "whole/lib");
    mkdirSync(lib, { recursive: true });
    for (const part of ["cc", "framework"]) {
      const file = `libtensorflow_${part}.so.2`;
      renameSync(path.join(unpacked, file), path.join(lib, file));
    }
    renameSync(path.join(unpacked, "include"), path.join(aside, "whole/include"));
    linkNames(lib);
    await strip(lib);
    try {
      renameSync(path.join(aside, "whole"), folder);
    } catch (error) {
      // Another set-up was faster; its copy is used.
      if (!existsSync(folder)) throw error;
    }
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(
      `libtensorflow could not be unpacked into ${cacheFolder()}: see that the folder can be written and that 1.5 GB are free, or set MIEN_CACHE to another folder.`,
      { output: outputOf(error), cause: error },
    );
  } finally {
    removeAside();
    process.off("exit", removeAside);
  }
}

/** @param {string} folder where the wheel is put. */
async function download(folder) {
  const platforms = ["manylinux_2_17_x86_64", "manylinux2014_x86_64"];
  const wheel = [
    ...["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"],
    ...platforms.flatMap((platform) => ["--platform", platform]),
    ...["--only-binary", ":all:", "--no-deps", "--require-hashes"],
  ];
  const quiet = ["--no-cache-dir", "--progress-bar", "off", "-q", "-d", folder];
  try {
    await run([VENV_PYTHON, "-I", "-m", "pip", "download", ...wheel, ...quiet, "-r", REQUIREMENT], {
      env: PIP_ENVIRONMENT,
    });
  } catch (error) {
    throw new SetupError(
      `pip could not download tensorflow-cpu ${pinned().version}: check the network and pip's index setting, then run this again.`,
      { output: outputOf(error), cause: error },
    );
  }
}

/**
 * Adds the file names that tfjs-node links to and looks for. One of them contains tfjs-node's own
 * version of TensorFlow, 2.9.1, so that its install script downloads nothing.
 *
 * @param {string} lib
 */
function linkNames(lib) {
  for (const suffix of ["so.2.9.1", "so.2", "so"]) {
    symlinkSync("libtensorflow_cc.so.2", path.join(lib, `libtensorflow.${suffix}`));
  }
  for (const suffix of ["so.2.9.1", "so"]) {
    symlinkSync(
      "libtensorflow_framework.so.2",
      path.join(lib, `libtensorflow_framework.${suffix}`),
    );
  }
}

/**
 * Drops the symbols that nothing links to: a quarter of 680 MB.
 *
 * @param {string} lib
 */
async function strip(lib) {
  if (findProgram("strip") === undefined) return;
  const files = ["cc", "framework"].map((part) => path.join(lib, `libtensorflow_${part}.so.2`));
  await run(["strip", "--strip-unneeded", ...files]);
}

/** Removes what a killed set-up has left in the cache. */
function removeAbandoned() {
  if (!existsSync(cacheFolder())) return;
  for (const name of readdirSync(cacheFolder())) {
    const pid = Number(/\.(\d+)\.part$/.exec(name)?.[1] ?? process.pid);
    if (pid !== process.pid && !isRunning(pid)) {
      rmSync(path.join(cacheFolder(), name), { recursive: true, force: true });
    }
  }
}
