import type { Program } from "@mien/cli";
import { benchmark } from "./commands/benchmark.ts";
import { faces } from "./commands/faces.ts";
import { onnx } from "./commands/onnx.ts";
import { speed } from "./commands/speed.ts";
import { verify } from "./commands/verify.ts";

/** The package's commands. */
export const program: Program = {
  name: "export",
  summary: "Export trained models to ONNX, verify them and measure their speed",
  commands: [onnx, verify, benchmark, speed, faces],
};
