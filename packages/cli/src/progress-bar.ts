import { createLogUpdate } from "log-update";
import stringWidth from "string-width";
import { formatSeconds } from "./format-quantities.ts";

/** Possible widths of the bar in columns; the widest that fits is used. */
const WIDTHS = [24, 12, 6] as const;
/** Shortest time between two drawings of the bar, in milliseconds. */
const REDRAW_INTERVAL = 200;

/** What a progress bar shows. */
export interface BarState {
  readonly label: string;
  /** Units finished, 0 to `total`. */
  readonly done: number;
  readonly total: number;
  readonly secondsLeft: number | undefined;
  /** More figures, separated by ", "; those that do not fit are left out, from the end. */
  readonly note: string;
}

/**
 * The bar as one line that is never wider than `columns`. Parts that do not fit are left out as a whole,
 * in this order: figures of the note from its end, width of the bar, time, counts.
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

/** The bar on the screen, above which lines are printed; there is at most one. */
let shown: { draw: () => void } | undefined;
let screen: ReturnType<typeof createLogUpdate> | undefined;

/**
 * Removes the bar, prints, and draws the bar again below.
 *
 * @param print gets whether there was a bar; then the cursor is at the beginning of a line.
 */
export function aboveBar(print: (hadBar: boolean) => void): void {
  if (shown !== undefined) screen?.clear();
  print(shown !== undefined);
  shown?.draw();
}

/** Removes the bar permanently. */
export function removeBar(): void {
  if (shown !== undefined) screen?.clear();
  shown = undefined;
}

/** Shows a bar on standard error, which must be a terminal; the cursor stays visible. */
export function showBar(label: string, total: number) {
  if (screen === undefined) {
    screen = createLogUpdate(process.stderr, { showCursor: true });
    // Removes the bar also if the process exits at once.
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
