// Loaded before any program of a test. If the program is a command of mien, prints the arguments
// that it uses, as one line, and ends it.
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

const [, script = "", ...words] = process.argv;
const found = /([^\\/]+)[\\/]src[\\/](?:bin|benchmark[\\/]run)\.ts$/.exec(script);
if (found !== null) {
  register();
  const module = new URL("../../packages/cli/src/command/typed-arguments.ts", import.meta.url);
  const { typedArguments } = await import(fileURLToPath(module));
  const [, project = ""] = found;
  process.stdout.write(`arguments: ${JSON.stringify(typedArguments(project, words))}\n`);
  process.exit(0);
}
