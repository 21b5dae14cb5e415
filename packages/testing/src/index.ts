export { runPython, withoutPython } from "./python.ts";
