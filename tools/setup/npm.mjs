import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { SetupError } from "./setup-error.mjs";

/**
 * How to start npm with the running Node and without a shell (on Windows `npm` itself is a batch file,
 * which Node does not start without one).
 *
 * @returns {string[]} program and first arguments.
 * @throws {SetupError} if there is no npm.
 */
export function npmCommand() {
  const bin = path.dirname(process.execPath);
  const found = findProgram("npm");
  const scripts = [
    process.env.npm_execpath ?? "",
    path.join(bin, "node_modules/npm/bin/npm-cli.js"),
    path.join(bin, "../lib/node_modules/npm/bin/npm-cli.js"),
    found === undefined ? "" : realpathSync(found),
  ];
  const script = scripts.find((file) => path.basename(file) === "npm-cli.js" && existsSync(file));
  if (script !== undefined) return [process.execPath, script];
  // A wrapper of a version manager.
  if (found !== undefined && process.platform !== "win32") return [found];
  throw new SetupError(
    "npm was not found, neither beside Node nor on the search path: install Node together with npm.",
  );
}

/**
 * The path of a program.
 *
 * @param {string} name an absolute path, or a name without extension that is looked for on the search path.
 * @returns {string | undefined}
 */
export function findProgram(name) {
  if (path.isAbsolute(name)) return existsSync(name) ? name : undefined;
  const suffixes = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  return (process.env.PATH ?? "")
    .split(path.delimiter)
    .flatMap((folder) => suffixes.map((suffix) => path.join(folder, name + suffix)))
    .find((file) => existsSync(file));
}
