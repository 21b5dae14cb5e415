/**
 * Whether a version is at least a minimum, by its leading numbers; the rest of the text is ignored.
 *
 * @param {string} version for example `v20.20.2` or `3.13.0rc1`.
 * @param {readonly number[]} floor for example `[20, 19]`.
 * @returns {boolean} false too for a text that does not start with a number.
 */
export function isAtLeast(version, floor) {
  const numbers = /^v?(\d+(?:\.\d+)*)/.exec(version)?.[1]?.split(".").map(Number);
  if (numbers === undefined) return false;
  for (const [index, wanted] of floor.entries()) {
    const found = numbers[index] ?? 0;
    if (found !== wanted) return found > wanted;
  }
  return true;
}
