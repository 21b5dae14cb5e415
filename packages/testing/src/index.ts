export { runInProcess, type Ran } from "./in-process.ts";
export { runPython, withoutPython } from "./python.ts";
