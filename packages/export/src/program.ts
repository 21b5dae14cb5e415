import type { Program } from "@mien/cli";
import { benchmark } from "./commands/benchmark-command.ts";
import { faces } from "./commands/faces-command.ts";
import { leaks } from "./commands/leaks-command.ts";
import { onnx } from "./commands/onnx-command.ts";
import { verify } from "./commands/verify-command.ts";
import { verifyHub } from "./commands/verify-hub-command.ts";

/** The package's commands. */
export const program: Program = {
  name: "export",
  summary: "Export trained models to ONNX, verify them and measure their speed",
  commands: [onnx, verify, verifyHub, benchmark, faces, leaks],
};
