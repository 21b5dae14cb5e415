#!/usr/bin/env node
import { runProgram } from "@mien/cli";
import { program } from "./benchmark/benchmark-program.ts";

await runProgram(program);
