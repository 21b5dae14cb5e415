export { findPackageProblems } from "./package-problems.ts";
export { runPython, withoutPython } from "./python.ts";
