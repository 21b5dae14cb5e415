// Sets up whatever is missing: npm packages (their own scripts off), native TensorFlow for Node,
// and a Python environment for the programs that check mien's results. Needs only Node, since it
// runs before any package is installed.
import path from "node:path";
import { installNodeModules, nodeModulesProblem } from "./setup/node-modules.mjs";
import { runSetup } from "./setup/program.mjs";

process.chdir(path.resolve(import.meta.dirname, ".."));
await runSetup({
  packages: { problem: nodeModulesProblem, install: installNodeModules },
  tensorflow: true,
  python: true,
});
