// How a command is declared, run, and explained.
export {
  defineCommand,
  type Command,
  type CommandContext,
  type Program,
} from "./command/command.ts";
export { commonOptions, csvOption, outOption } from "./command/common-flags.ts";
export { commandHelp, packageHelp, UNGROUPED_FLAGS } from "./command/help.ts";
export { flagOf, type Option, type Options, type OptionValues } from "./command/option-types.ts";
export { parseOptions } from "./command/parse-options.ts";
export { EXIT, runProgram } from "./command/run-program.ts";
export { setLauncher } from "./terminal/typed-command.ts";

// What a command prints.
export {
  counted,
  formatBytes,
  formatPercent,
  formatSeconds,
} from "./terminal/format-quantities.ts";
export { shellQuote, type Progress, type Terminal } from "./terminal/terminal.ts";

// What a command reads and writes, and where.
export { cacheFolder } from "./files/cache-folder.ts";
export { dataFolder, listDataFiles } from "./files/data-folder.ts";
export { findModel } from "./files/default-model.ts";
export { cannotWrite } from "./files/file-errors.ts";
export { checkWritable, readBytes, readJson, writeFileAtomic, writeJson } from "./files/files.ts";
export { lockHolder, takeLock } from "./files/lock-file.ts";
export { findRun, readRunConfig } from "./files/find-run.ts";
export { codeVersion, freshness, recordMadeFrom } from "./files/made-from.ts";
export { FOLDERS } from "./files/output-folders.ts";
export { packagedModels, releaseFolder } from "./files/release-folder.ts";
export { isMarkOfRunning, processMark } from "./files/process-mark.ts";
export { asidePath, deleteLeftOvers, isLeftOver } from "./files/write-aside.ts";

// The child processes of a command.
export { killChild, killChildOnExit, runningChildren } from "./child-processes.ts";
