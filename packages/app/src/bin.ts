#!/usr/bin/env node
import { runProgram } from "@mien/cli";
import { analyze } from "./commands/analyze.ts";

await runProgram({
  name: "app",
  summary: "reads expressions in images",
  commands: [analyze],
});
