// An nx plugin that hands a command's arguments on as they were typed.
//
// nx 22.7 drops every flag that begins like one of its own, e.g. `--batch-size`, as nx has `--batch`.
// It tells its plugins what was typed, and this plugin puts that into the environment of the command,
// where `runProgram` of packages/cli reads it instead of the arguments that nx passed on.
import { createRequire } from "node:module";

/** The environment variable: JSON of a {@link TypedArguments}. */
export const TYPED_ARGUMENTS = "MIEN_TYPED_ARGUMENTS";

/**
 * @typedef {object} TypedArguments
 * @property {string} project the nx project, e.g. `train`.
 * @property {string} target its target, e.g. `fit`.
 * @property {string[]} args everything that was typed for the command, in its order.
 */

export const name = "mien-arguments";

/**
 * Called by nx before it runs tasks. What it sets in `process.env` reaches the tasks, wherever nx runs
 * its plugins (in its own process, in another one, or in its daemon).
 *
 * @param {unknown} _options of the plugin, in nx.json; there are none.
 * @param {{ argv: string[] }} context `argv` is nx's own `process.argv`.
 */
export function preTasksExecution(_options, { argv }) {
  const typed = typedArguments(argv.slice(2), nxOptions());
  if (typed === undefined) delete process.env[TYPED_ARGUMENTS];
  else process.env[TYPED_ARGUMENTS] = JSON.stringify(typed);
}

/**
 * What was typed for one command of `nx run project:target`.
 *
 * @param {readonly string[]} words the words behind `nx`.
 * @param {NxOptions} options nx's own options, which are left out unless they follow `--`.
 * @returns {TypedArguments | undefined} undefined where nx runs anything but a single target.
 */
export function typedArguments(words, options) {
  const run = words.indexOf("run");
  const at = words.findIndex((word, i) => i > run && /^[^-:][^:]*:[^:]+$/.test(word));
  if (run < 0 || at < 0) return undefined;
  const [project = "", target = ""] = /** @type {string} */ (words[at]).split(":");
  const args = [];
  for (let i = at + 1; i < words.length; i++) {
    const word = /** @type {string} */ (words[i]);
    if (word === "--") return { project, target, args: [...args, ...words.slice(i + 1)] };
    const [, flag, value] = /^--?([^=]+)(=.*)?$/.exec(word) ?? [];
    const takesValue = flag === undefined ? undefined : options.get(camelCase(flag));
    if (takesValue === undefined) args.push(word);
    else if (takesValue && value === undefined) i++;
  }
  return { project, target, args };
}

/** @typedef {ReadonlyMap<string, boolean>} NxOptions by name in camel case: whether a value follows. */

/**
 * Every option that `nx run` knows, with its other names and negations.
 *
 * @returns {NxOptions}
 */
export function nxOptions() {
  const require = createRequire(import.meta.url);
  const {
    withBatch,
    withRunOneOptions,
    withTuiOptions,
  } = require("nx/src/command-line/yargs-utils/shared-options");
  /** @type {Map<string, boolean>} */
  const found = new Map([["version", false]]);
  /** @param {string} option @param {{ type?: string, alias?: string | string[] }} definition */
  const record = (option, { type, alias = [] }) => {
    for (const name of [option, ...[alias].flat()]) {
      found.set(camelCase(name), type !== "boolean");
      if (type === "boolean") found.set(camelCase(`no-${name}`), false);
    }
    return recorder;
  };
  // Stands for yargs, whose every method answers yargs again.
  const recorder = new Proxy(
    {},
    { get: (_, method) => (/^options?$/.test(String(method)) ? record : () => recorder) },
  );
  withTuiOptions(withRunOneOptions(withBatch(recorder)));
  return found;
}

/** @param {string} flag */
function camelCase(flag) {
  return flag.replace(/-([a-z])/g, (_, letter) => letter.toUpperCase());
}
