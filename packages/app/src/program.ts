import type { Program } from "@mien/cli";
import { acquire } from "./commands/acquire-command.ts";
import { analyze } from "./commands/analyze-command.ts";
import { benchmark } from "./commands/benchmark-command.ts";
import { benchmarkCadence } from "./commands/benchmark-cadence-command.ts";
import { benchmarkDepth } from "./commands/benchmark-depth-command.ts";
import { benchmarkForget } from "./commands/benchmark-forget-command.ts";
import { benchmarkDetection } from "./commands/benchmark-detection-command.ts";
import { benchmarkKiosk } from "./commands/benchmark-kiosk-command.ts";
import { benchmarkLive } from "./commands/benchmark-live-command.ts";
import { benchmarkSources } from "./commands/benchmark-sources-command.ts";
import { doctor } from "./commands/doctor-command.ts";
import { live } from "./commands/live-command.ts";
import { people } from "./commands/people-command.ts";
import { record } from "./commands/record-command.ts";

/** The package's commands. */
export const program: Program = {
  name: "app",
  summary: "Find faces and read their expressions in images, videos and cameras",
  commands: [
    live,
    analyze,
    acquire,
    people,
    benchmark,
    doctor,
    record,
    benchmarkSources,
    benchmarkLive,
    benchmarkForget,
    benchmarkKiosk,
    benchmarkCadence,
    benchmarkDepth,
    benchmarkDetection,
  ],
};
