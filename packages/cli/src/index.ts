export * from "./command.ts";
export * from "./files.ts";
export * from "./locate.ts";
export * from "./made-from.ts";
export * from "./options.ts";
export { EXIT, runProgram, type Program } from "./run.ts";
export * from "./terminal.ts";
