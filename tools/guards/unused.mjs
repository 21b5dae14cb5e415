import { isForTests } from "./files.mjs";
import { runTool } from "./run-tool.mjs";

/** knip's kinds of findings, as the end of a sentence. @type {Readonly<Record<string, string>>} */
const KINDS = {
  files: "is a file that nothing uses",
  dependencies: "is a dependency that nothing uses",
  devDependencies: "is a development dependency that nothing uses",
  optionalPeerDependencies: "is imported, but an optional peer dependency only",
  unlisted: "is imported, but no dependency in the nearest package.json",
  binaries: "is a program that no dependency brings",
  unresolved: "is imported, but cannot be found",
  duplicates: "is exported under two names",
  exports: "is exported, but no other file uses it",
  types: "is exported, but no other file uses it",
  namespaceMembers: "is a member of a namespace that nothing uses",
  enumMembers: "is a member of an enum that nothing uses",
};

/**
 * The files, exports and dependencies that nothing uses, and the exports that only tests use,
 * according to knip with knip.jsonc. An export that is meant for tests has `@internal` in its
 * comment.
 *
 * @param {string} root
 * @returns {Promise<string[]>} a sentence for each.
 */
export async function findUnused(root) {
  const all = await runKnip(root, []);
  const withoutTests = await runKnip(root, ["--production", "--include=exports,types"]);
  const forTests = [...withoutTests.keys()]
    // An index may export for the tests of other packages.
    .filter((place) => !all.has(place) && !place.includes("/src/index.ts") && !isForTests(place))
    .map((place) => `${place} is exported, but only tests use it`);
  return [...[...all].map(([place, kind]) => `${place} ${kind}`), ...forTests].sort();
}

/**
 * @param {string} root
 * @param {readonly string[]} flags
 * @returns {Promise<Map<string, string>>} the problem of each thing, by its place and name.
 */
async function runKnip(root, flags) {
  const fixed = ["--no-progress", "--no-config-hints", "--reporter=json"];
  const printed = await runTool(root, "knip/bin/knip.js", [...fixed, ...flags]);
  /** @type {{ issues: Record<string, { name: string, line?: number }[]>[] }} */
  const { issues } = JSON.parse(printed);
  return new Map(
    issues.flatMap(({ file, ...kinds }) =>
      Object.entries(kinds).flatMap(([kind, found]) =>
        found.flat().map(({ name, line }) => {
          const place = kind === "files" ? name : `${file}${line ? `:${line}` : ""} ${name}`;
          return [place, KINDS[kind] ?? kind];
        }),
      ),
    ),
  );
}
