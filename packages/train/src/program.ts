import type { Program } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark-command.ts";
import { cardCommand } from "./commands/card-command.ts";
import { compareCommand } from "./commands/compare-command.ts";
import { crossvalCommand } from "./commands/crossval-command.ts";
import { evaluateCommand } from "./commands/evaluate-command.ts";
import { fitCommand } from "./commands/fit-command.ts";
import { runsCommand } from "./commands/runs-command.ts";
import { teachCommand } from "./commands/teach-command.ts";

/** The package's commands. */
export const program: Program = {
  name: "train",
  summary: "Train, evaluate and release expression models",
  commands: [
    fitCommand,
    evaluateCommand,
    crossvalCommand,
    runsCommand,
    compareCommand,
    teachCommand,
    cardCommand,
    benchmarkCommand,
  ],
};
