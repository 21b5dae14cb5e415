import { styleText } from "node:util";
import { aboveBar, showBar } from "./progress-bar.ts";
import { renderTable } from "./table.ts";

/** Where a command's output goes. */
export interface Terminal {
  /** One plain line. */
  say(line: string): void;
  /** One line that should not be overlooked, on standard error. */
  warn(line: string): void;
  /** A short table; numbers are right-aligned. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  /** A path that was written. */
  wrote(path: string, what?: string): void;
  /** The command to type next. */
  next(command: string, why: string): void;
  /** A bar for work over a second. */
  progress(label: string, total: number): Progress;
}

/** A running progress bar. */
export interface Progress {
  /** @param done units finished so far. @param note shown behind the bar, e.g. losses. */
  update(done: number, note?: string): void;
  /** Removes the bar. */
  stop(): void;
}

/** Without a terminal, a bar becomes a plain line this often, in milliseconds. */
const PLAIN_PROGRESS_INTERVAL = 10_000;

/** The terminal that a person looks at: results on standard output, progress on standard error. */
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
 * A path as it must be typed: in single quotes where a shell would split it, and with `./` before
 * a dash, as it would be read as a flag.
 */
export function shellQuote(path: string): string {
  if (path.startsWith("-")) return shellQuote(`./${path}`);
  return /^[\w./:=,@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
