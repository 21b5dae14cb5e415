#!/usr/bin/env node
import { runProgram } from "@mien/cli";
import { analyze } from "./commands/analyze.ts";
import { benchmark } from "./commands/benchmark.ts";
import { benchmarkSources } from "./commands/benchmark-sources.ts";
import { doctor } from "./commands/doctor.ts";
import { record } from "./commands/record.ts";

await runProgram({
  name: "app",
  summary: "cameras, and what is read in their pictures",
  commands: [analyze, benchmark, doctor, record, benchmarkSources],
});
