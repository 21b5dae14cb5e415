export { findPackageProblems } from "./package-problems.ts";
export { runInProcess, type Ran } from "./in-process.ts";
export { isLong } from "./long.ts";
export { programWords } from "./program-words.ts";
export { runPython, withoutPython } from "./python.ts";
