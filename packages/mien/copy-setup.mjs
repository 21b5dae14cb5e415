// Copies the set-up of a clone into the package, so that `mien setup` runs the same code elsewhere.
import { cpSync, rmSync } from "node:fs";
import path from "node:path";

const from = path.join(import.meta.dirname, "../../tools");
const to = path.join(import.meta.dirname, "dist/tools");
rmSync(to, { recursive: true, force: true });
cpSync(path.join(from, "setup"), path.join(to, "setup"), {
  recursive: true,
  filter: (file) => !file.endsWith(".test.ts"),
});
cpSync(path.join(from, "requirements.txt"), path.join(to, "requirements.txt"));
