/**
 * Environment variable that holds the arguments typed after `nx run`, as JSON; set by
 * tools/nx/arguments.mjs.
 */
const TYPED_ARGUMENTS = "MIEN_TYPED_ARGUMENTS";

/**
 * The words of a command line as they were typed. nx may have dropped some of them, because it
 * mistakes a flag for one of its own if it begins in the same way, for example `--batch-size` for
 * `--batch`.
 *
 * @param program the nx project, for example `train`.
 * @param words the arguments of this process: the command, then what nx passed on.
 * @returns the command and the words typed after it; `words` if nx did not start this command.
 */
export function typedArguments(program: string, words: readonly string[]): readonly string[] {
  const text = process.env[TYPED_ARGUMENTS];
  // Programs that this process starts must not use these arguments.
  delete process.env[TYPED_ARGUMENTS];
  const [command] = words;
  if (text === undefined || command === undefined) return words;
  const typed = JSON.parse(text) as { project: string; target: string; args: string[] };
  return typed.project === program && typed.target === command ? [command, ...typed.args] : words;
}
