import type { Program } from "@mien/cli";
import { acquire } from "./commands/acquire.ts";
import { analyze } from "./commands/analyze.ts";
import { benchmark } from "./commands/benchmark.ts";
import { benchmarkLive } from "./commands/benchmark-live.ts";
import { benchmarkSources } from "./commands/benchmark-sources.ts";
import { doctor } from "./commands/doctor.ts";
import { live } from "./commands/live.ts";
import { people } from "./commands/people.ts";
import { record } from "./commands/record.ts";

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
  ],
};
