import { spawnSync } from "node:child_process";
import path from "node:path";

/** The Python that set-up prepares, or the one that `MIEN_PYTHON` names. */
const PYTHON =
  process.env["MIEN_PYTHON"] ?? path.resolve(import.meta.dirname, "../../../../.venv/bin/python");

/**
 * Whether a cross-check must be skipped: a person's Python may lack a module, that of continuous
 * integration may not.
 */
export function withoutPython(...modules: readonly string[]): boolean {
  if (process.env["CI"]) return false;
  return spawnSync(PYTHON, ["-c", `import ${modules.join(", ")}`]).status !== 0;
}

/** Runs a script and parses the JSON that it prints. */
export function runPython(script: string, args: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-c", script, ...args], {
    encoding: "utf8",
    // On a busy machine, threads that wait for one another take many times as long as one.
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" },
  });
  if (status !== 0) throw new Error(`Python failed: ${stderr}`);
  return JSON.parse(stdout);
}
