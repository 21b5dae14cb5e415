import { spawnSync } from "node:child_process";
import path from "node:path";

/** The Python of `MIEN_PYTHON`, else the one that the set-up installs. */
const PYTHON =
  process.env["MIEN_PYTHON"] ?? path.resolve(import.meta.dirname, "../../../.venv/bin/python");

/**
 * Whether a test that compares with a Python program must be skipped, because Python or a module is
 * missing. Always false if `CI` is set, so that the test fails instead.
 */
export function withoutPython(...modules: readonly string[]): boolean {
  if (process.env["CI"]) return false;
  return spawnSync(PYTHON, ["-c", `import ${modules.join(", ")}`]).status !== 0;
}

/**
 * Runs a Python script and parses the JSON that it prints.
 *
 * @param script the code, not a path.
 * @param given.args becomes `sys.argv[1:]`. Default none.
 * @param given.input becomes standard input, as JSON. Default nothing.
 * @param given.python path of another interpreter.
 * @throws {Error} with Python's error message if the script fails.
 */
export function runPython(
  script: string,
  given: {
    readonly args?: readonly string[];
    readonly input?: unknown;
    readonly python?: string;
  } = {},
): unknown {
  const { args = [], input, python = PYTHON } = given;
  const { status, stdout, stderr } = spawnSync(python, ["-W", "ignore", "-c", script, ...args], {
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
    encoding: "utf8",
    maxBuffer: 1e9,
    // On a busy machine, several threads are slower than one.
    env: { ...process.env, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" },
  });
  if (status !== 0) throw new Error(`Python failed: ${stderr}`);
  return JSON.parse(stdout);
}
