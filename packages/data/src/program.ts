import type { Program } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark.ts";
import { exploreCommand } from "./commands/explore.ts";
import { synthCommand } from "./commands/synth.ts";

/** The package's commands. */
export const program: Program = {
  name: "data",
  summary: "data sets: draw, look at, measure",
  commands: [synthCommand, exploreCommand, benchmarkCommand],
};
