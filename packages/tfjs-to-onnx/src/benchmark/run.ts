import { runProgram } from "@mien/cli";
import { program } from "./program.ts";

await runProgram(program);
