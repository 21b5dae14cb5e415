import type { Program } from "@mien/cli";
import { auditCommand } from "./commands/audit-command.ts";
import { benchmarkAuditCommand } from "./commands/benchmark-audit-command.ts";
import { benchmarkCommand } from "./commands/benchmark-command.ts";
import { benchmarkLargeCommand } from "./commands/benchmark-large-command.ts";
import { benchmarkNearCommand } from "./commands/benchmark-near-command.ts";
import { exploreCommand } from "./commands/explore-command.ts";
import { fetchCommand } from "./commands/fetch-command.ts";
import { fuzzCommand } from "./commands/fuzz-command.ts";
import { importCommand } from "./commands/import-command.ts";
import { splitCommand } from "./commands/split-command.ts";
import { synthCommand } from "./commands/synth-command.ts";

/** The package's commands. */
export const program: Program = {
  name: "data",
  summary: "Get, import, split, explore and audit data sets",
  commands: [
    synthCommand,
    fetchCommand,
    importCommand,
    splitCommand,
    exploreCommand,
    auditCommand,
    fuzzCommand,
    benchmarkCommand,
    benchmarkLargeCommand,
    benchmarkNearCommand,
    benchmarkAuditCommand,
  ],
};
