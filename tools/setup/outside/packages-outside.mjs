import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { npmCommand } from "../npm.mjs";
import { outputOf, run } from "../run.mjs";
import { SetupError } from "../setup-error.mjs";

const MANIFEST = "package.json";
/** npm writes this file last, so that an interrupted installation does not have it. */
const INSTALLED = "node_modules/.package-lock.json";

/**
 * The npm packages of the current folder, outside of a clone.
 *
 * @param {Record<string, string>} wanted versions by name. Packages of earlier set-ups are kept.
 * @returns {import("../supply.mjs").Wanted["packages"]}
 */
export function packagesOutside(wanted) {
  const dependencies = { ...earlier(), ...wanted };
  return {
    problem() {
      const gone = Object.keys(dependencies).find(
        (name) => !existsSync(path.join("node_modules", name, MANIFEST)),
      );
      if (gone !== undefined) return `${gone} is not installed`;
      return existsSync(INSTALLED) ? undefined : "the npm packages are unfinished";
    },
    async install() {
      writeFileSync(MANIFEST, `${JSON.stringify({ private: true, dependencies }, null, 2)}\n`);
      const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--no-progress"];
      try {
        // Scripts of packages download what this set-up builds itself or does not need.
        await run([...npmCommand(), "install", "--ignore-scripts", "--omit=dev", ...quiet]);
      } catch (error) {
        throw new SetupError(
          `npm could not install ${Object.keys(wanted).join(", ")}: see above why (mostly the network, the free disk space or npm's registry setting), mend it, then run this again.`,
          { output: outputOf(error), cause: error },
        );
      }
    },
  };
}

/** @returns {Record<string, string>} the dependencies that earlier set-ups have written. */
function earlier() {
  if (!existsSync(MANIFEST)) return {};
  /** @type {{ dependencies?: Record<string, string> }} */
  const { dependencies = {} } = JSON.parse(readFileSync(MANIFEST, "utf8"));
  return dependencies;
}
