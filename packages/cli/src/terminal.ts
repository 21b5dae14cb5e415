import { styleText } from "node:util";
import progress from "cli-progress";
import Table from "cli-table3";

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
  return {
    say: (line) => void stdout.write(`${line}\n`),
    warn: (line) => void stderr.write(`${line}\n`),
    table: (head, rows) => {
      const numeric = head.map((_, column) => rows.every((row) => isNumeric(row[column])));
      const table = new Table({
        head: head.map((cell) => paint("bold", cell)),
        colAligns: numeric.map((right) => (right ? "right" : "left")),
        style: { head: [], border: [], compact: true },
        chars: PLAIN_TABLE,
      });
      table.push(...rows.map((row) => row.map(String)));
      stdout.write(`${table.toString()}\n`);
    },
    wrote: (path, what) =>
      void stdout.write(`wrote ${paint("cyan", path)}${what === undefined ? "" : ` (${what})`}\n`),
    next: (command, why) => void stdout.write(`next  ${paint("green", command)}  ${why}\n`),
    progress: (label, total) => (stderr.isTTY ? bar(label, total) : plainProgress(label, total)),
  };
}

const PLAIN_TABLE = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

function isNumeric(cell: string | number | undefined): boolean {
  return typeof cell === "number" || /^[–-]?[\d.,]*\d ?(%|×|ms|s|MB|kB)?$/.test(cell ?? "");
}

function bar(label: string, total: number): Progress {
  const line = new progress.SingleBar({
    format: `${label} {bar} {percentage} % {value}/{total}, {eta_formatted} left  {note}`,
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    fps: 5,
  });
  line.start(total, 0, { note: "" });
  return {
    update: (done, note) => line.update(done, note === undefined ? {} : { note }),
    stop: () => line.stop(),
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

/** `1.4 MB`: bytes for people, in powers of 1,000. */
export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** `2 min 05 s`: a duration for people. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return minutes < 60
    ? `${minutes} min ${rest} s`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** `66.04 %` for 0.66035. */
export function formatPercent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}
