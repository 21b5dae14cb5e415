import { existsSync, readFileSync } from "node:fs";
import { firstDifference } from "./lockfile.mjs";
import { npmCommand } from "./npm.mjs";
import { outputOf, run } from "./run.mjs";
import { SetupError } from "./setup-error.mjs";

/** npm writes this file last, so that an interrupted installation does not have it. */
const INSTALLED = "node_modules/.package-lock.json";

/**
 * Why npm packages must be installed.
 *
 * @returns {string | undefined} undefined if everything is installed.
 */
export function nodeModulesProblem() {
  if (!existsSync(INSTALLED)) return "node_modules is missing";
  /** @param {string} file @returns {import("./lockfile.mjs").Lockfile} */
  const read = (file) => JSON.parse(readFileSync(file, "utf8"));
  const installed = read(INSTALLED);
  const gone = Object.keys(installed.packages).find((place) => !existsSync(place));
  if (gone !== undefined) return `${gone} is missing`;
  const machine = { os: process.platform, cpu: process.arch, libc: libc() };
  return firstDifference(read("package-lock.json"), installed, machine);
}

/** Installs exactly what package-lock.json says; no package's own scripts run. */
export async function installNodeModules() {
  const command = [...npmCommand(), "ci", "--include=dev", "--include=optional"];
  try {
    await run([...command, "--ignore-scripts", "--loglevel=error", "--no-progress"]);
  } catch (error) {
    const output = outputOf(error);
    const stale = output.includes("can only install packages when");
    throw new SetupError(
      stale
        ? 'package.json asks for packages that package-lock.json does not hold: run "npm install", then this again.'
        : "npm could not install the packages of package-lock.json: see above why (mostly the network or npm's registry setting), mend it, then run this again.",
      { output, cause: error },
    );
  }
}

/** @returns {"glibc" | "musl" | undefined} Linux's C library; undefined elsewhere. */
export function libc() {
  if (process.platform !== "linux") return undefined;
  // Listing the network interfaces is slow and not needed here.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    process.report.getReport()
  );
  return header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}
