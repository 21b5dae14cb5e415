import type { Program } from "@mien/cli";
import { program as app } from "../../packages/app/src/program.ts";
import { program as data } from "../../packages/data/src/program.ts";
import { program as exporter } from "../../packages/export/src/program.ts";
import { program as mien } from "../../packages/mien/src/setup/program.ts";
import { program as runtime } from "../../packages/runtime/src/program.ts";
import { program as converter } from "../../packages/tfjs-to-onnx/src/benchmark/program.ts";
import { program as train } from "../../packages/train/src/program.ts";
import { program as tune } from "../../packages/tune/src/program.ts";

/** The commands of every package that has some. */
export const PROGRAMS: readonly Program[] = [
  ...[data, train, tune, exporter, app, runtime],
  ...[converter, mien],
];
