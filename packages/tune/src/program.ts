import type { Program } from "@mien/cli";
import { benchmarkCommand } from "./commands/benchmark-command.ts";
import { dashboardCommand } from "./commands/dashboard-command.ts";
import { reportCommand } from "./commands/report-command.ts";
import { searchCommand } from "./commands/search-command.ts";
import { workerCommand } from "./commands/worker-command.ts";

/** The package's commands. */
export const program: Program = {
  name: "tune",
  summary: "Search for better hyperparameters",
  commands: [searchCommand, workerCommand, reportCommand, dashboardCommand, benchmarkCommand],
};
