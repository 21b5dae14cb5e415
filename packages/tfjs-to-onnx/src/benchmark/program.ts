import type { Program } from "@mien/cli";
import { verifyStrangers } from "./verify-strangers-command.ts";

/** Commands for the development of the converter, which are not published. */
export const program: Program = {
  name: "tfjs-to-onnx",
  summary: "Verify the converter",
  commands: [verifyStrangers],
};
