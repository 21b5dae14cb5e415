import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

const SKIPPED = new Set(["dist", "node_modules", "__pycache__"]);

/**
 * The files below some folders, as paths from the root with "/", sorted; without what is built,
 * installed or hidden. A folder that is missing has no files.
 *
 * @param {string} root
 * @param {readonly string[]} folders paths from the root; "." is the root.
 * @returns {string[]}
 */
export function filesBelow(root, folders) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} folder */
  const walk = (folder) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = path.posix.join(folder, entry.name);
      if (!entry.isDirectory()) found.push(name);
      else if (!SKIPPED.has(entry.name) && !entry.name.startsWith(".")) walk(name);
    }
  };
  for (const folder of folders) walk(folder);
  return found.sort();
}

/** @param {string} file */
export const isTest = (file) => /\.test\.[cm]?tsx?$/.test(file);

/** @param {string} file whether only tests use it. */
export const isForTests = (file) =>
  isTest(file) || /^(?:packages\/testing|tools\/test)\/|\/testing\//.test(file);

/**
 * @param {string} root
 * @param {string} file
 */
export const readText = (root, file) => readFileSync(path.join(root, file), "utf8");
