/*
 * Prepares a release from the changesets in .changeset: sets the new version in all packages, adds
 * its section to CHANGELOG.md, and deletes the changesets. Commits nothing.
 *
 *   node tools/publish/version.mjs
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { changelogSection, insertSection } from "./changelog.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CHANGESETS = path.join(ROOT, "node_modules/@changesets/cli/bin.js");
const PLAN = ".changeset/plan.json";

process.chdir(ROOT);
/** @param {string} program @param {string[]} words */
const run = (program, ...words) =>
  execFileSync(program, words, {
    stdio: ["ignore", "inherit", "inherit"],
    shell: program === "npm" && process.platform === "win32",
  });

run(process.execPath, CHANGESETS, "status", `--output=${PLAN}`);
const plan = JSON.parse(readFileSync(PLAN, "utf8"));
rmSync(PLAN);
if (plan.changesets.length === 0) {
  console.error("There is nothing to release: describe a change first, with npx changeset");
  process.exit(1);
}

run(process.execPath, CHANGESETS, "version");
const { version } = JSON.parse(readFileSync("packages/mien/package.json", "utf8"));
const date = new Date().toISOString().slice(0, 10);
const before = existsSync("CHANGELOG.md") ? readFileSync("CHANGELOG.md", "utf8") : "";
const section = changelogSection({ version, date, changesets: plan.changesets });
writeFileSync("CHANGELOG.md", insertSection(before, section));
// The repository itself is not a package that changesets know.
const root = readFileSync("package.json", "utf8");
writeFileSync("package.json", root.replace(/"version": "[^"]+"/, `"version": "${version}"`));
run("npm", "install", "--package-lock-only", "--ignore-scripts");
console.log(`Version ${version}. Commit this, then push the tag: git tag v${version}`);
