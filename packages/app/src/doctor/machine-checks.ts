import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import os from "node:os";
import { promisify } from "node:util";
import { formatBytes } from "@mien/cli";
import { messageOf } from "@mien/format";
import { broken, fine, type Check } from "./check.ts";

const OLDEST_NODE = [20, 19] as const;
/** A minute of a Kinect's recording and some models, in bytes. */
const ROOM = 5e9;
const SETUP = "npm run setup";

export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldest, oldestMinor] = OLDEST_NODE;
  const isNew = major > oldest || (major === oldest && minor >= oldestMinor);
  return isNew
    ? fine("node", "always", version)
    : broken("node", "always", `${version}, too old`, "install Node 20.19 or newer");
}

export function checkCores(cores = os.availableParallelism()): Check {
  const found = `${cores}, ${formatBytes(os.totalmem())} of memory`;
  return cores >= 2
    ? fine("cores", "comfort", found)
    : broken("cores", "comfort", found, "give the machine two cores, or accept fewer frames");
}

export async function checkDisk(folder = "."): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${formatBytes(free)} free`;
  return free >= ROOM
    ? fine("disk", "comfort", found)
    : broken("disk", "comfort", found, "make room: recordings and caches are in artifacts/");
}

export async function checkPython(): Promise<Check> {
  const python = process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python";
  if (!existsSync(python)) return broken("python", "checks", "no .venv", SETUP);
  const script = "import platform, numpy, onnx; print(platform.python_version())";
  const { ok, text } = await run(python, ["-c", script]);
  return ok
    ? fine("python", "checks", `${text} in .venv`)
    : broken("python", "checks", `.venv does not work: ${text}`, SETUP);
}

/** Training's own backend; in a process of its own, since it is native. */
export async function checkTensorflow(): Promise<Check> {
  const verify = "tools/setup/verify-tensorflow.mjs";
  if (!existsSync(verify)) {
    return broken("tensorflow", "training", "not looked for outside of mien's folder", SETUP);
  }
  const { ok, text } = await run(process.execPath, [verify]);
  return ok
    ? fine("tensorflow", "training", `libtensorflow ${text} in tfjs-node`)
    : broken("tensorflow", "training", text, SETUP);
}

/** @returns the last line of a program's output, or of its complaint. */
async function run(
  program: string,
  args: readonly string[],
): Promise<{ ok: boolean; text: string }> {
  const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: 60_000 });
    return { ok: true, text: lastLine(stdout) };
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const complaint = stderr.split("\n").find((line) => /error/i.test(line));
    return { ok: false, text: complaint?.trim() ?? lastLine(messageOf(error)) };
  }
}
