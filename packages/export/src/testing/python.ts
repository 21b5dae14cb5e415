import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const ROOT = path.resolve(import.meta.dirname, "../../../..");

/** The Python that set-up prepares, or the one that `MIEN_PYTHON` names. */
const PYTHON = process.env["MIEN_PYTHON"] ?? path.join(ROOT, ".venv/bin/python");

/**
 * Whether cross-checks in Python must be skipped: a person may lack Python, continuous integration
 * may not.
 */
export const WITHOUT_PYTHON = !existsSync(PYTHON) && !process.env["CI"];

/** Runs a script of `python/` and answers what it printed; throws with what it complained about. */
export async function runPython(script: string, args: readonly string[]): Promise<string> {
  const file = path.resolve(import.meta.dirname, "../../python", script);
  const { stdout } = await promisify(execFile)(PYTHON, [file, ...args], { maxBuffer: 1e8 });
  return stdout;
}
