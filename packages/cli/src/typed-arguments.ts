/** Where tools/nx/arguments.mjs leaves what was typed behind `nx run project:target`, as JSON. */
const TYPED_ARGUMENTS = "MIEN_TYPED_ARGUMENTS";

/**
 * The words of a command line as they were typed, though nx may have dropped some of them: nx takes
 * a flag for its own that only begins like one of them, e.g. `--batch-size` for `--batch`.
 *
 * @param program the nx project, e.g. `train`.
 * @param words what this process was given: the command, then what nx passed on.
 * @returns the command and what was typed for it; `words` if nx did not start this command.
 */
export function typedArguments(program: string, words: readonly string[]): readonly string[] {
  const text = process.env[TYPED_ARGUMENTS];
  // What this process starts must not take the arguments for its own.
  delete process.env[TYPED_ARGUMENTS];
  const [command] = words;
  if (text === undefined || command === undefined) return words;
  const typed = JSON.parse(text) as { project: string; target: string; args: string[] };
  return typed.project === program && typed.target === command ? [command, ...typed.args] : words;
}
