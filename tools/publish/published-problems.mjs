// What is wrong with a packed package, before it is published.
import path from "node:path";
import { findPackageProblems } from "@mien/testing";
import { unpack } from "./unpack.mjs";

/**
 * The problems of a packed package: those that publint and "Are the types wrong?" find, a missing
 * licence, files of tests, and code without its source map.
 *
 * @param {string} tarball the .tgz that npm packed.
 * @returns {Promise<string[]>} sentences; empty if there is no problem.
 */
export async function publishedProblems(tarball) {
  return [...(await findPackageProblems(tarball)), ...contentProblems(unpack(tarball))];
}

/**
 * @param {ReadonlyMap<string, Buffer>} files the files of a package, by their paths.
 * @returns {string[]} sentences; empty if there is no problem.
 * @internal for tests
 */
export function contentProblems(files) {
  const problems = files.has("LICENSE") ? [] : ["LICENSE is missing"];
  for (const [name, content] of files) {
    if (/\.test\.|(^|\/)testing\//.test(name)) problems.push(`${name} belongs to tests`);
    if (!/\.m?js$/.test(name)) continue;
    const [, map] = /^\/\/# sourceMappingURL=(\S+)\s*$/m.exec(content.toString().slice(-300)) ?? [];
    if (map !== undefined)
      problems.push(...mapProblems(files, path.posix.join(path.posix.dirname(name), map)));
  }
  return problems;
}

/** @param {ReadonlyMap<string, Buffer>} files @param {string} name @returns {string[]} */
function mapProblems(files, name) {
  const text = files.get(name)?.toString();
  if (text === undefined) return [`${name} is missing, which a file names as its source map`];
  /** @type {{ sources: string[], sourcesContent?: (string | null)[] }} */
  const { sources, sourcesContent = [] } = JSON.parse(text);
  const complete = sourcesContent.filter((content) => typeof content === "string").length;
  return complete === sources.length ? [] : [`${name} lacks the content of its sources`];
}
