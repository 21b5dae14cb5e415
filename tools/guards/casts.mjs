import ts from "typescript";
import { filesBelow, isForTests, readText } from "./files.mjs";

/** How many casts a package may hold, per 1,000 lines of code without tests. */
export const LIMIT = 8;

/**
 * @typedef {object} Casts
 * @property {string} name of a package
 * @property {number} lines of code without tests
 * @property {number} casts `value as Type` other than `as const`
 * @property {number} rate casts per 1,000 lines
 */

/**
 * @param {string} root
 * @returns {Casts[]} by package, those with the most casts per line first.
 */
export function countCasts(root) {
  /** @type {Map<string, { lines: number, casts: number }>} */
  const counts = new Map();
  for (const file of filesBelow(root, ["packages"])) {
    if (!/^packages\/[^/]+\/src\/.*\.tsx?$/.test(file) || isForTests(file)) continue;
    const text = readText(root, file);
    const name = file.split("/")[1] ?? "";
    const { lines, casts } = counts.get(name) ?? { lines: 0, casts: 0 };
    counts.set(name, {
      lines: lines + text.trimEnd().split("\n").length,
      casts: casts + castsIn(ts.createSourceFile(file, text, ts.ScriptTarget.Latest)),
    });
  }
  return [...counts]
    .map(([name, count]) => ({ name, ...count, rate: (1000 * count.casts) / count.lines }))
    .sort((a, b) => b.rate - a.rate);
}

/**
 * @param {ts.Node} node
 * @returns {number}
 */
function castsIn(node) {
  let count = ts.isAssertionExpression(node) && !ts.isConstTypeReference(node.type) ? 1 : 0;
  ts.forEachChild(node, (child) => {
    count += castsIn(child);
  });
  return count;
}

/**
 * @param {string} root
 * @returns {string[]} a sentence for each package that holds too many and is no exception.
 */
export function findTooManyCasts(root) {
  return countCasts(root)
    .filter(({ rate }) => rate > LIMIT)
    .map(
      ({ name, casts, lines, rate }) =>
        `packages/${name} has ${casts} casts ("as") in ${lines} lines, ${rate.toFixed(1)} per 1,000; at most ${LIMIT} are expected: type the edge instead`,
    );
}
