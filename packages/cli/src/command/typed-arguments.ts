/** The variable in which tools/nx/arguments.mjs passes on what was typed after `nx run`, as JSON. */
const TYPED_ARGUMENTS = "MIEN_TYPED_ARGUMENTS";

/**
 * The words of a command line as they were typed. nx may have dropped some: it takes flags that begin
 * like one of its own for these, for example `--batch-size` for `--batch`.
 *
 * @param program the nx project, for example `train`.
 * @param words the arguments of this process: the command, then what nx passed on.
 * @returns the command and the words typed after it; `words` if nx did not start this command.
 */
export function typedArguments(program: string, words: readonly string[]): readonly string[] {
  const text = process.env[TYPED_ARGUMENTS];
  // Programs that this process starts must not take these arguments for theirs.
  delete process.env[TYPED_ARGUMENTS];
  const [command] = words;
  if (text === undefined || command === undefined) return words;
  const typed = JSON.parse(text) as { project: string; target: string; args: string[] };
  return typed.project === program && typed.target === command ? [command, ...typed.args] : words;
}
