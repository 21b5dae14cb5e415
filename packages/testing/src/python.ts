import { spawnSync } from "node:child_process";
import path from "node:path";

/** The Python that set-up prepares, or the one that `MIEN_PYTHON` names. */
const PYTHON =
  process.env["MIEN_PYTHON"] ?? path.resolve(import.meta.dirname, "../../../.venv/bin/python");

/**
 * Whether a cross-check must be skipped: a person's Python may lack a module, that of continuous
 * integration may not.
 */
export function withoutPython(...modules: readonly string[]): boolean {
  if (process.env["CI"]) return false;
  return spawnSync(PYTHON, ["-c", `import ${modules.join(", ")}`]).status !== 0;
}

/**
 * Runs a Python script and parses the JSON that it prints.
 *
 * @param given.args what the script finds in `sys.argv[1:]`.
 * @param given.input what it finds on standard input, as JSON.
 * @throws {Error} with Python's complaint if the script fails.
 */
export function runPython(
  script: string,
  given: { readonly args?: readonly string[]; readonly input?: unknown } = {},
): unknown {
  const { args = [], input } = given;
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-W", "ignore", "-c", script, ...args], {
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
    encoding: "utf8",
    maxBuffer: 1e9,
    // On a busy machine, threads that wait for one another take many times as long as one.
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" },
  });
  if (status !== 0) throw new Error(`Python failed: ${stderr}`);
  return JSON.parse(stdout);
}
