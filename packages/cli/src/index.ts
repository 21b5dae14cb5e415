export * from "./command.ts";
export * from "./files.ts";
export * from "./locate.ts";
export * from "./made-from.ts";
export * from "./options.ts";
export { KERAS_REQUIREMENTS, peerPython } from "./peer-venv.ts";
export { cacheFolder, peerPackages, type PeerOptions } from "./peers.ts";
export { EXIT, runProgram, type Program } from "./run.ts";
export * from "./terminal.ts";
