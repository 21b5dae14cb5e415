import { spawn } from "node:child_process";

/** How much of the end of a program's output is kept for error messages, in characters. */
const KEPT_OUTPUT = 100_000;

/**
 * A program that could not be started, or whose exit code was not 0.
 *
 * @internal for tests
 */
export class ProgramFailed extends Error {
  /**
   * @param {string} command
   * @param {string} reason
   * @param {string} output what it printed to both streams, in order.
   */
  constructor(command, reason, output) {
    super(`${command} ${reason}`);
    this.name = "ProgramFailed";
    this.output = output;
  }
}

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
let stopped = false;
/** @type {(pids: number[]) => void} */
let listener = () => undefined;

/**
 * Calls a function whenever a program has been started or has ended.
 *
 * @param {(pids: number[]) => void} told called with the ids of all running programs.
 */
export function onPrograms(told) {
  listener = told;
}

const changed = () => listener([...running].flatMap(({ pid }) => (pid === undefined ? [] : [pid])));

/** Ends every program that `run` has started; afterwards `run` starts no program. */
export function stopAll() {
  stopped = true;
  for (const child of running) child.kill();
}

/**
 * Runs a program to its end, without a shell and without input.
 *
 * @param {readonly string[]} command program and arguments.
 * @param {{ env?: Record<string, string | undefined>, cwd?: string }} [options] `env` is added to ours;
 *   undefined removes a variable.
 * @returns {Promise<string>} what it wrote to standard output.
 * @throws {ProgramFailed} with everything that it printed.
 */
export function run(command, options = {}) {
  const [program = "", ...args] = command;
  if (stopped) return Promise.reject(new ProgramFailed(program, "was not started", ""));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    running.add(child);
    changed();
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout = (stdout + text).slice(-KEPT_OUTPUT);
      output = (output + text).slice(-KEPT_OUTPUT);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
    child.on("error", (error) => reject(new ProgramFailed(program, error.message, output)));
    child.on("close", (code, signal) => {
      running.delete(child);
      changed();
      if (code === 0) resolve(stdout);
      else reject(new ProgramFailed(program, `ended with ${signal ?? code}`, output));
    });
  });
}

/** @param {unknown} error @returns {string} the output of the program that failed; empty if none did. */
export function outputOf(error) {
  return error instanceof ProgramFailed ? error.output : "";
}
