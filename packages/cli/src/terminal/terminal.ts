import { styleText } from "node:util";
import { aboveBar, showBar } from "./progress-bar.ts";
import { renderTable } from "./table.ts";

/** The output of a command. */
export interface Terminal {
  /** Prints a line. */
  say(line: string): void;
  /** Prints a warning, a line on standard error. */
  warn(line: string): void;
  /** Prints a short table; numbers are right-aligned. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  /** Prints the path of a file or folder that was written; `what` describes it in brackets. */
  wrote(path: string, what?: string): void;
  /** Prints a command to type next, and its purpose. */
  next(command: string, why: string): void;
  /** Shows a progress bar, for work that takes over a second; `total` is the number of units. */
  progress(label: string, total: number): Progress;
}

/** A running progress bar. */
export interface Progress {
  /**
   * @param done number of units finished so far.
   * @param note shown after the bar, for example losses.
   */
  update(done: number, note?: string): void;
  /** Removes the bar. */
  stop(): void;
}

/** Interval of the progress lines that replace the bar if there is no terminal, in milliseconds. */
const PLAIN_PROGRESS_INTERVAL = 10_000;

/** The terminal of this process: results on standard output, warnings and progress on standard error. */
export function createTerminal(): Terminal {
  const { stdout, stderr } = process;
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    stdout.isTTY && !process.env["NO_COLOR"] ? styleText(style, text) : text;
  const print = (text: string) => aboveBar(() => void stdout.write(`${text}\n`));
  return {
    say: (line) => print(line),
    warn: (line) => aboveBar(() => void stderr.write(`${line}\n`)),
    table: (head, rows) =>
      print(
        renderTable(head, rows, { columns: stdout.columns, bold: (cell) => paint("bold", cell) }),
      ),
    wrote: (path, what) =>
      print(`wrote ${paint("cyan", path)}${what === undefined ? "" : ` (${what})`}`),
    next: (command, why) => print(`next  ${paint("green", command)}  ${why}`),
    progress: (label, total) =>
      stderr.isTTY ? showBar(label, total) : plainProgress(label, total),
  };
}

function plainProgress(label: string, total: number): Progress {
  let last = performance.now();
  return {
    update: (done, note) => {
      if (performance.now() - last < PLAIN_PROGRESS_INTERVAL) return;
      last = performance.now();
      process.stderr.write(`${label} ${done}/${total}${note === undefined ? "" : ` ${note}`}\n`);
    },
    stop: () => undefined,
  };
}

/**
 * A path as it must be typed in a shell: in single quotes if necessary. A path that begins with a
 * dash gets `./` before it, because a command would read it as a flag.
 */
export function shellQuote(path: string): string {
  if (path.startsWith("-")) return shellQuote(`./${path}`);
  return /^[\w./:=,@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
