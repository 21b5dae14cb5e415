import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import os from "node:os";
import { promisify } from "node:util";
import { formatBytes } from "@mien/cli";
import { messageOf } from "@mien/format";
import { failed, passed, type Check } from "./check.ts";

const NODE = { name: "node", needed: "always" } as const;
const CORES = { name: "cores", needed: "comfort" } as const;
const DISK = { name: "disk", needed: "comfort" } as const;
const PYTHON = { name: "python", needed: "checks" } as const;
const TENSORFLOW = { name: "tensorflow", needed: "training" } as const;

/** The oldest supported version of Node, as major and minor number. */
const OLDEST_NODE = [20, 19] as const;
/** Free disk space for a minute of a Kinect's recording and some models, in bytes. */
const MIN_FREE = 5e9;
/** The command that repairs the installation. */
const SETUP = "npm run setup";

export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldest, oldestMinor] = OLDEST_NODE;
  const isNew = major > oldest || (major === oldest && minor >= oldestMinor);
  return isNew
    ? passed(NODE, version)
    : failed(NODE, `${version}, too old`, "install Node 20.19 or newer");
}

export function checkCores(cores = os.availableParallelism()): Check {
  const found = `${cores}, ${formatBytes(os.totalmem())} of memory`;
  return cores >= 2
    ? passed(CORES, found)
    : failed(CORES, found, "use a machine with two cores, or accept fewer frames per second");
}

export async function checkDisk(folder = "."): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${formatBytes(free)} free`;
  return free >= MIN_FREE
    ? passed(DISK, found)
    : failed(DISK, found, "free disk space: recordings and caches are in artifacts/");
}

export async function checkPython(): Promise<Check> {
  const inFolder = process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python";
  const python = process.env["MIEN_PYTHON"] ?? inFolder;
  if (!existsSync(python)) return failed(PYTHON, "not set up", SETUP);
  const script = "import platform, numpy, onnx; print(platform.python_version())";
  const { ok, text } = await run(python, ["-c", script]);
  return ok
    ? passed(PYTHON, `${text} (${python})`)
    : failed(PYTHON, `${python} does not work: ${text}`, SETUP);
}

/** Checks the backend of training in a process of its own, since native code may crash. */
export async function checkTensorflow(): Promise<Check> {
  const verify = "tools/setup/verify-tensorflow.mjs";
  if (!existsSync(verify)) {
    return failed(TENSORFLOW, "cannot be checked outside of mien's folder", SETUP);
  }
  const { ok, text } = await run(process.execPath, [verify]);
  return ok
    ? passed(TENSORFLOW, `libtensorflow ${text} in tfjs-node`)
    : failed(TENSORFLOW, text, SETUP);
}

/** Runs a program. @returns the last line of its output, or its error message. */
async function run(
  program: string,
  args: readonly string[],
): Promise<{ ok: boolean; text: string }> {
  const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: 60_000 });
    return { ok: true, text: lastLine(stdout) };
  } catch (error) {
    const stderr = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    const message = stderr.split("\n").find((line) => /error/i.test(line));
    return { ok: false, text: message?.trim() ?? lastLine(messageOf(error)) };
  }
}
