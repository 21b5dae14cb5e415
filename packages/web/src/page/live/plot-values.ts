import type uPlot from "uplot";
import { colourOf } from "../../label-colours.ts";
import { percent } from "../number-text.ts";
import type { ExpressionSeries } from "./expression-history.ts";

/** A value further away in time than this is not shown, in seconds. The newest step is not finished. */
const MAX_DISTANCE = 1.5;
/** Labels with a smaller probability are left out. */
const MIN_SHARE = 0.005;

/** Shows the values of a plot at the pointer; while the plot has the focus, at its right edge. */
export class PlotValues {
  readonly #plot: uPlot;
  readonly #labels: readonly string[];
  readonly #element = document.createElement("div");
  #series: ExpressionSeries;
  #isFocused = false;

  /** @param labels of the probabilities. */
  constructor(plot: uPlot, labels: readonly string[], series: ExpressionSeries) {
    this.#plot = plot;
    this.#labels = labels;
    this.#series = series;
    this.#element.className = "values";
    this.#element.hidden = true;
    plot.root.append(this.#element);
  }

  /** Sets whether the plot has the focus. */
  focus(isFocused: boolean): void {
    this.#isFocused = isFocused;
    this.update(this.#series);
  }

  /** Shows the values of the newest data, for the present position of the pointer. */
  update(series: ExpressionSeries): void {
    this.#series = series;
    const { over, cursor } = this.#plot;
    const width = over.clientWidth;
    const left = over.matches(":hover") ? (cursor.left ?? -1) : this.#isFocused ? width : -1;
    this.#element.hidden = left < 0;
    if (left < 0) return;
    const time = this.#plot.posToVal(left, "x");
    this.#element.replaceChildren(...this.#lines(time));
    // On the side of the pointer that has more room.
    const isRight = left < width / 2;
    this.#element.style.left = isRight ? `${left + 12}px` : "auto";
    this.#element.style.right = isRight ? "auto" : `${width - left + 12}px`;
  }

  /** The time, and a line for each expression. */
  #lines(time: number): HTMLElement[] {
    const { times, shares } = this.#series;
    const index = nearest(times, time);
    const found = Math.abs((times[index] ?? -Infinity) - time) <= MAX_DISTANCE;
    const values = this.#labels
      .map((label, i) => ({ label, i, share: (found && shares[i]?.[index]) || 0 }))
      .filter(({ share }) => share >= MIN_SHARE)
      .sort((a, b) => b.share - a.share);
    const head = document.createElement("b");
    head.textContent = new Date(time * 1000).toLocaleTimeString([], { hour12: false });
    if (values.length === 0) {
      const none = document.createElement("span");
      none.textContent = "not in the picture";
      return [head, none];
    }
    return [
      head,
      ...values.map(({ label, i, share }) => {
        const line = document.createElement("span");
        const dot = document.createElement("i");
        dot.className = "dot";
        dot.style.background = colourOf(i);
        line.append(dot, `${label} ${percent(share)}`);
        return line;
      }),
    ];
  }
}

/** The index of the time that is nearest to a time; the times increase. */
function nearest(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  const before = times[low - 1];
  return before !== undefined && time - before < (times[low] ?? Infinity) - time ? low - 1 : low;
}
