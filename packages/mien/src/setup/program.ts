import type { Program } from "@mien/cli";
import { setupCommand } from "./setup-command.ts";

/** The commands of `mien` itself. */
export const program: Program = {
  name: "mien",
  summary: "Install what commands need",
  commands: [setupCommand],
};
