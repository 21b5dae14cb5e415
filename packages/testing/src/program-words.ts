import { fileURLToPath } from "node:url";

/**
 * The words that start a TypeScript program of this repository in a process of its own.
 *
 * Under nx, whose target `test` builds first, they start the compiled program: it is up in a third of
 * the time and is what packages ship. Elsewhere they run the sources through tsx, so that a test never
 * meets an old build.
 *
 * @param file absolute path of the program: `…/packages/<name>/src/….ts`.
 * @param given.nodeFlags further flags of Node. Default none.
 * @param given.sources true runs the sources under nx as well. Default false.
 * @returns the path of Node, its flags and the program; the caller adds the arguments.
 */
export function programWords(
  file: string,
  given: { readonly nodeFlags?: readonly string[]; readonly sources?: boolean } = {},
): readonly [string, ...string[]] {
  const { nodeFlags = [], sources = false } = given;
  if (!sources && process.env["NX_TASK_TARGET_TARGET"] === "test") {
    const compiled = file.replace("/src/", "/dist/").replace(/\.ts$/, ".js");
    return [process.execPath, ...nodeFlags, compiled];
  }
  const tsx = fileURLToPath(import.meta.resolve("tsx"));
  return [process.execPath, "--conditions=source", "--import", tsx, ...nodeFlags, file];
}
