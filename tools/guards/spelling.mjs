import { runTool } from "./run-tool.mjs";
import { readText } from "./files.mjs";

const FOLDER = "tools/spelling";

/**
 * Checks the spelling in documents, comments, names and texts of code, in British English
 * (tools/spelling/cspell.json). Of tests only comments and titles are checked.
 *
 * @param {string} root
 * @returns {Promise<string[]>} a sentence for each place with an unknown word.
 */
export async function findMisspellings(root) {
  const cache = ["--cache", "--cache-strategy=content", "--cache-location=.cache/cspell"];
  const printed = await runTool(root, "cspell/bin.mjs", [
    ...["lint", `--config=${FOLDER}/cspell.json`, "--no-progress", "--no-summary", "--relative"],
    ...cache,
  ]);
  const found = printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => `${line}; if it is right, add it to ${FOLDER}/words.txt`);
  const words = readText(root, `${FOLDER}/words.txt`).trimEnd().split("\n");
  const misplaced = words.find((word, i) => i > 0 && word <= (words[i - 1] ?? ""));
  if (misplaced === undefined) return found;
  return [...found, `${FOLDER}/words.txt is not sorted, or holds a word twice, at ${misplaced}`];
}
