import type { Program } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark.ts";
import { cardCommand } from "./commands/card.ts";
import { compareCommand } from "./commands/compare.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { fitCommand } from "./commands/fit.ts";
import { teachCommand } from "./commands/teach.ts";

/** The package's commands. */
export const program: Program = {
  name: "train",
  summary: "Train, evaluate and release expression models",
  commands: [
    fitCommand,
    evaluateCommand,
    compareCommand,
    teachCommand,
    cardCommand,
    benchmarkCommand,
  ],
};
