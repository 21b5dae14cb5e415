/** @param {unknown} value @returns {boolean} whether it is an object or a list. */
export function isContainer(value) {
  return typeof value === "object" && value !== null;
}
