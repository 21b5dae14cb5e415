import type { Program } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark.ts";
import { exploreCommand } from "./commands/explore.ts";
import { synthCommand } from "./commands/synth.ts";

/** The package's commands. */
export const program: Program = {
  name: "data",
  summary: "Create and explore data sets",
  commands: [synthCommand, exploreCommand, benchmarkCommand],
};
