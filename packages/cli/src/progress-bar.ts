import { createLogUpdate } from "log-update";
import stringWidth from "string-width";
import { formatSeconds } from "./format-quantities.ts";

/** Columns of the bar itself: usual, and where the terminal is narrow. */
const WIDTHS = [24, 12, 6] as const;
/** How often the bar is drawn again at most, in ms. */
const REDRAW_INTERVAL = 200;

/** What a progress bar shows. */
export interface BarState {
  readonly label: string;
  /** Units finished, 0 to `total`. */
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number | undefined;
  /** Further figures, separated by ", "; those that do not fit are left out, last ones first. */
  readonly note: string;
}

/**
 * The bar as one line that is never wider than `columns`. Whole parts are left out, never half a
 * word: first figures of the note from its end, then width of the bar, time, and counts.
 *
 * @param columns width of the terminal in characters.
 */
export function barLine(state: BarState, columns: number): string {
  const { label, done, total, secondsLeft } = state;
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const percent = `${Math.floor(100 * share)} %`;
  const time = secondsLeft === undefined ? "" : `, ${formatSeconds(secondsLeft)} left`;
  const figures = state.note.split(/[\r\n]+/)[0]?.split(", ") ?? [];
  const draw = (width: number) => {
    const filled = Math.round(width * share);
    return "█".repeat(filled) + "░".repeat(width - filled);
  };
  const [wide, ...narrow] = WIDTHS.map((width) => `${label} ${draw(width)} ${percent}`);
  const counts = `${done}/${total}`;
  const candidates = [
    ...figures.map(
      (_, left) =>
        `${wide} ${counts}${time}  ${figures.slice(0, figures.length - left).join(", ")}`,
    ),
    ...[wide, ...narrow].map((start) => `${start} ${counts}${time}`),
    `${narrow.at(-1) ?? ""} ${counts}`,
    narrow.at(-1) ?? "",
    `${label} ${percent}`,
    percent,
  ];
  return (candidates.find((line) => stringWidth(line.trimEnd()) < columns) ?? "").trimEnd();
}

/** The one bar that the terminal shows, so that lines printed meanwhile stand above it. */
let shown: { draw: () => void } | undefined;
let screen: ReturnType<typeof createLogUpdate> | undefined;

/**
 * Prints with the bar removed, and draws the bar again below what was printed.
 *
 * @param print is told whether a bar was there, and with it that the cursor was in a line of its own.
 */
export function aboveBar(print: (hadBar: boolean) => void): void {
  if (shown !== undefined) screen?.clear();
  print(shown !== undefined);
  shown?.draw();
}

/** Removes the bar for good, whoever started it. */
export function removeBar(): void {
  if (shown !== undefined) screen?.clear();
  shown = undefined;
}

/** A bar on standard error, which must be a terminal. The cursor stays visible, and lines wrap as before. */
export function showBar(label: string, total: number) {
  if (screen === undefined) {
    screen = createLogUpdate(process.stderr, { showCursor: true });
    // Also where the process ends at once, no bar stays behind.
    process.once("exit", removeBar);
  }
  const started = performance.now();
  let [last, done, note] = [-Infinity, 0, ""];
  const bar = {
    draw: () => {
      const seconds = (performance.now() - started) / 1000;
      const secondsLeft = done > 0 ? (seconds * Math.max(0, total - done)) / done : undefined;
      screen?.(barLine({ label, done, total, secondsLeft, note }, process.stderr.columns || 80));
    },
  };
  shown = bar;
  bar.draw();
  return {
    update: (now: number, text?: string) => {
      [done, note] = [now, text ?? note];
      if (shown !== bar || performance.now() - last < REDRAW_INTERVAL) return;
      last = performance.now();
      bar.draw();
    },
    stop: () => {
      if (shown !== bar) return;
      screen?.clear();
      shown = undefined;
    },
  };
}
