import type { Program } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark-command.ts";
import { exploreCommand } from "./commands/explore-command.ts";
import { synthCommand } from "./commands/synth-command.ts";

/** The package's commands. */
export const program: Program = {
  name: "data",
  summary: "Create and explore data sets",
  commands: [synthCommand, exploreCommand, benchmarkCommand],
};
