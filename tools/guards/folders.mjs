import path from "node:path";
import { filesBelow, isTest } from "./files.mjs";

/** How many files a folder of code may hold beside its folders and tests. */
const LIMIT = 20;

/**
 * @param {string} root
 * @returns {string[]} a sentence for each folder in packages and tools that holds too many files.
 */
export function findFullFolders(root) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const file of filesBelow(root, ["packages", "tools"])) {
    if (isTest(file)) continue;
    const folder = path.posix.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > LIMIT)
    .map(
      ([folder, count]) =>
        `${folder} holds ${count} files without tests, at most ${LIMIT} are expected: sort them into folders`,
    );
}
