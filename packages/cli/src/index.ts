// How a command is declared, run, and explained.
export { defineCommand, type Command, type CommandContext, type Program } from "./command.ts";
export { commonOptions, csvOption, outOption } from "./common-flags.ts";
export { commandHelp, packageHelp, UNGROUPED_FLAGS } from "./help.ts";
export { flagOf, type Option, type Options, type OptionValues } from "./option-types.ts";
export { parseOptions } from "./parse-options.ts";
export { EXIT, runProgram } from "./run-program.ts";

// What a command prints.
export { counted, formatBytes, formatPercent, formatSeconds } from "./format-quantities.ts";
export { shellQuote, type Progress, type Terminal } from "./terminal.ts";

// What a command reads and writes, and where.
export { cacheFolder } from "./cache-folder.ts";
export { dataFolder, listDataFiles } from "./data-folder.ts";
export { findModel } from "./default-model.ts";
export { cannotWrite } from "./file-errors.ts";
export { checkWritable, readBytes, readJson, writeFileAtomic, writeJson } from "./files.ts";
export { findRun, readRunConfig } from "./find-run.ts";
export { codeVersion, freshness, recordMadeFrom } from "./made-from.ts";
export { FOLDERS } from "./output-folders.ts";

// The child processes of a command.
export { killChild, killChildOnExit, runningChildren } from "./child-processes.ts";
