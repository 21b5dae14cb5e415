import path from "node:path";
import ts from "typescript";
import { filesBelow, isForTests, readText } from "./files.mjs";

/**
 * @typedef {object} Import one file imports another one in any way, also lazily or only types.
 * @property {string} from
 * @property {string} to
 */

/**
 * The circles of imports in packages and tools. The files and folders that a folder holds must not
 * import one another in a circle; a folder imports what any file in it imports, at any depth. That
 * covers circles between files, between folders and between packages. Tests and
 * their helpers do not count, since nothing else imports them.
 *
 * @param {string} root
 * @returns {string[]} a sentence for each circle: the shortest one of every member.
 */
export function findCircles(root) {
  const files = filesBelow(root, ["packages", "tools"]).filter(
    (file) => /\.(tsx?|mjs)$/.test(file) && !isForTests(file),
  );
  return [...groupByFolder(readImports(root, files))].sort().flatMap(([folder, imports]) => {
    const steps = stepsBetweenMembers(folder, imports);
    /** @type {Map<string, string>} */
    const found = new Map();
    for (const member of [...steps.keys()].sort()) {
      const circle = shortestCircle(steps, member);
      const key = circle?.toSorted().join(" ");
      if (circle === undefined || key === undefined || found.has(key)) continue;
      const lines = circle.map((from, i) => {
        const one = steps.get(from)?.get(circle[(i + 1) % circle.length] ?? "");
        return `\n    ${one?.from} imports ${one?.to}`;
      });
      found.set(key, `${folder || "."}: ${[...circle, member].join(" → ")}${lines.join("")}`);
    }
    return [...found.values()];
  });
}

/**
 * @param {string} root
 * @param {readonly string[]} files
 * @returns {Import[]}
 */
function readImports(root, files) {
  const known = new Set(files);
  return files.flatMap((from) => {
    const { importedFiles } = ts.preProcessFile(readText(root, from), true, true);
    return importedFiles
      .flatMap(({ fileName: name }) => {
        const [, other] = /^@mien\/([^/]+)/.exec(name) ?? [];
        if (other !== undefined) return [`packages/${other}/src/index.ts`];
        if (name.startsWith(".")) return [path.posix.join(path.posix.dirname(from), name)];
        return name.startsWith("#") ? privateImport(root, from, name) : [];
      })
      .filter((to) => to !== from && known.has(to))
      .map((to) => ({ from, to }));
  });
}

/**
 * The sources that a name in "imports" of a package stands for: one for Node, one for browsers.
 *
 * @param {string} root
 * @param {string} file
 * @param {string} name
 */
function privateImport(root, file, name) {
  const folder = file.split("/").slice(0, 2).join("/");
  const { imports = {} } = JSON.parse(readText(root, `${folder}/package.json`));
  const targets = JSON.stringify(imports[name] ?? null).match(/\.\/src\/[^"]+/g) ?? [];
  return targets.map((target) => path.posix.join(folder, target));
}

/**
 * The imports by the deepest folder that holds both files.
 *
 * @param {readonly Import[]} imports
 */
function groupByFolder(imports) {
  /** @type {Map<string, Import[]>} */
  const groups = new Map();
  for (const one of imports) {
    const [from, to] = [one.from.split("/"), one.to.split("/")];
    const depth = from.findIndex((part, i) => part !== to[i]);
    const folder = from.slice(0, depth).join("/");
    groups.set(folder, [...(groups.get(folder) ?? []), one]);
  }
  return groups;
}

/**
 * The imports between the files and folders that a folder holds, each with an example.
 *
 * @param {string} folder
 * @param {readonly Import[]} imports
 */
function stepsBetweenMembers(folder, imports) {
  const depth = folder === "" ? 0 : folder.split("/").length;
  const memberOf = (/** @type {string} */ file) => file.split("/")[depth] ?? "";
  /** @type {Map<string, Map<string, Import>>} */
  const steps = new Map();
  for (const one of imports) {
    const from = memberOf(one.from);
    steps.set(from, (steps.get(from) ?? new Map()).set(memberOf(one.to), one));
  }
  return steps;
}

/**
 * @param {ReadonlyMap<string, ReadonlyMap<string, Import>>} steps
 * @param {string} start
 * @returns {string[] | undefined} the members of a shortest circle, from `start` on.
 */
function shortestCircle(steps, start) {
  const queue = [[start]];
  const seen = new Set();
  for (let way = queue.shift(); way !== undefined; way = queue.shift()) {
    for (const next of steps.get(way.at(-1) ?? "")?.keys() ?? []) {
      if (next === start) return way;
      if (!seen.has(next)) queue.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}
