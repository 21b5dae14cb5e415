import { spawnSync } from "node:child_process";
import path from "node:path";

const python =
  process.env["MIEN_PYTHON"] ?? path.resolve(import.meta.dirname, "../../../../.venv/bin/python");

/**
 * Whether a cross-check must be skipped: a person's Python may lack a module, that of continuous
 * integration may not.
 */
export function withoutPython(...modules: readonly string[]): boolean {
  if (process.env["CI"]) return false;
  return spawnSync(python, ["-c", `import ${modules.join(", ")}`]).status !== 0;
}

/** Runs a script that reads JSON from standard input and prints JSON. */
export function runPython(script: string, input: unknown): unknown {
  const options = { input: JSON.stringify(input), encoding: "utf8", maxBuffer: 1e9 } as const;
  const { status, stdout, stderr } = spawnSync(python, ["-c", script], options);
  if (status !== 0) throw new Error(`Python failed: ${stderr}`);
  return JSON.parse(stdout);
}
