/** How a program that is not started by nx names the commands of mien. */
export interface Launcher {
  /** The words before the command, such as `npx mien`. */
  readonly program: string;
  /** The name of a command, such as `fit` for `train:fit`; undefined if it has none. */
  readonly nameOf: (project: string, command: string) => string | undefined;
}

let launcher: Launcher | undefined;

/**
 * Chooses how help, advice and next steps name commands, from now on in this process.
 *
 * @param chosen undefined for `npx nx run <project>:<command>`, the default.
 */
export function setLauncher(chosen: Launcher | undefined): void {
  launcher = chosen;
}

/** Whether the commands of this process are started by nx. */
export function isStartedByNx(): boolean {
  return launcher === undefined;
}

/**
 * A text in which commands are named as the user can type them: `npx nx run train:fit -- --help`
 * becomes `npx mien fit --help` if mien was started in that way, and `npm run setup` `npx mien setup`.
 */
export function asTyped(text: string): string {
  if (launcher === undefined) return text;
  const { program, nameOf } = launcher;
  return text
    .replace(/(?<![\w-])npm run setup(?![\w-:])/g, `${program} setup`)
    .replace(
      /(npx nx run )?(?<![\w-])([a-z]+):([a-z-]+)(?: --(?= |$))?/gm,
      (whole, ...found: readonly string[]) => {
        const [start, project = "", command = ""] = found;
        const name = nameOf(project, command);
        if (name === undefined) return whole;
        // In a sentence, the short name is easier to read.
        return start === undefined ? `mien ${name}` : `${program} ${name}`;
      },
    );
}
