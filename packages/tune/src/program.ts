import type { Program } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark.ts";
import { dashboardCommand } from "./commands/dashboard.ts";
import { reportCommand } from "./commands/report.ts";
import { searchCommand } from "./commands/search.ts";
import { workerCommand } from "./commands/worker.ts";

/** The package's commands. */
export const program: Program = {
  name: "tune",
  summary: "Search for better hyperparameters",
  commands: [searchCommand, workerCommand, reportCommand, dashboardCommand, benchmarkCommand],
};
