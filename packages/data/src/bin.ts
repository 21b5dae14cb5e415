#!/usr/bin/env node
import { runProgram } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark.ts";
import { exploreCommand } from "./commands/explore.ts";
import { synthCommand } from "./commands/synth.ts";

await runProgram({
  name: "data",
  summary: "data sets: draw, look at, measure",
  commands: [synthCommand, exploreCommand, benchmarkCommand],
});
