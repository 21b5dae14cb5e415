import { createLogUpdate } from "log-update";
import { barLine, secondsLeft, type Work } from "./bar-line.ts";

/** Shortest time between two drawings of the bar, in milliseconds. */
const REDRAW_INTERVAL = 200;

/** The bar on the screen; there is at most one. Other lines are printed above it. */
let shown: { draw: () => void } | undefined;
let screen: ReturnType<typeof createLogUpdate> | undefined;

/**
 * Removes the bar, calls `print`, and draws the bar again below the printed lines.
 *
 * @param print receives whether there was a bar; if so, the cursor is at the beginning of a line.
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
export function showBar(work: Work) {
  const { label, total } = work;
  if (screen === undefined) {
    screen = createLogUpdate(process.stderr, { showCursor: true });
    // Removes the bar also if the process exits at once.
    process.once("exit", removeBar);
  }
  const started = performance.now();
  let [last, done, note] = [-Infinity, work.before, ""];
  const bar = {
    draw: () => {
      const seconds = (performance.now() - started) / 1000;
      const left = secondsLeft(work, done, seconds);
      const state = { label, done, total, secondsLeft: left, note };
      screen?.(barLine(state, process.stderr.columns || 80));
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
