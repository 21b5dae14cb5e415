import type { Program } from "@mien/cli";
import { benchmarkMargin } from "./commands/benchmark-margin-command.ts";
import { benchmarkRecognition } from "./commands/benchmark-recognition-command.ts";

/** The package's commands, which are for development only and not published. */
export const program: Program = {
  name: "runtime",
  summary: "Measure the accuracy of the runtime on faces",
  commands: [benchmarkMargin, benchmarkRecognition],
};
