import { styleText } from "node:util";
import { asTyped } from "./typed-command.ts";
import { secondsLeft, type Work } from "./bar-line.ts";
import { formatSeconds } from "./format-quantities.ts";
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
  /**
   * Shows a progress bar with the time left, for work that takes over a second.
   *
   * @param total number of units; 0 if it is not known.
   * @param before number of units that were finished earlier, which say nothing about the time left.
   * Default 0.
   */
  progress(label: string, total: number, before?: number): Progress;
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
    say: (line) => print(asTyped(line)),
    warn: (line) => aboveBar(() => void stderr.write(`${asTyped(line)}\n`)),
    table: (head, rows) =>
      print(
        renderTable(head, rows, { columns: stdout.columns, bold: (cell) => paint("bold", cell) }),
      ),
    wrote: (path, what) =>
      print(`wrote ${paint("cyan", path)}${what === undefined ? "" : ` (${what})`}`),
    next: (command, why) => print(`next  ${paint("green", asTyped(command))}  ${why}`),
    progress: (label, total, before = 0) => {
      const work = { label, total, before };
      return stderr.isTTY ? showBar(work) : plainProgress(work);
    },
  };
}

function plainProgress(work: Work): Progress {
  const { label, total } = work;
  const started = performance.now();
  let last = started;
  return {
    update: (done, note) => {
      if (performance.now() - last < PLAIN_PROGRESS_INTERVAL) return;
      last = performance.now();
      const seconds = secondsLeft(work, done, (last - started) / 1000);
      const time = seconds === undefined ? "" : `, ${formatSeconds(seconds)} left`;
      const count = total > 0 ? `${done}/${total}` : String(done);
      process.stderr.write(`${label} ${count}${time}${note === undefined ? "" : ` ${note}`}\n`);
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
