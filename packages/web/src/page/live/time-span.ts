import type uPlot from "uplot";

/** Length of the span at first, and after `follow`, in seconds. */
const FIRST_SECONDS = 60;
/** The shortest and the longest span, in seconds. */
const MIN_SECONDS = 2;
const MAX_SECONDS = 6 * 3600;

/**
 * The time span of all plots. It follows the newest result until the user moves it or selects a part
 * of it. Zooming changes only its length.
 */
export class TimeSpan {
  /** Whether the span ends at the newest result. */
  follows = true;
  /** Called when `follows` changes. */
  onChange: () => void = () => undefined;
  readonly #plots = new Set<uPlot>();
  #max = 0;
  #seconds = FIRST_SECONDS;

  /** The beginning of the span, in seconds since 1970. */
  get min(): number {
    return this.#max - this.#seconds;
  }

  /** The end of the span, in seconds since 1970. */
  get max(): number {
    return this.#max;
  }

  /** Adds a plot, whose time axis follows the span. @returns a function that removes it. */
  add(plot: uPlot): () => void {
    this.#plots.add(plot);
    return () => void this.#plots.delete(plot);
  }

  /** Sets the time of the newest result, in seconds since 1970. */
  advance(now: number): void {
    if (this.follows) this.#set(now, this.#seconds);
  }

  /** Moves the span by a share of its length; negative shares move it back in time. */
  move(share: number): void {
    this.#showFixed(this.#max + share * this.#seconds, this.#seconds);
  }

  /** Multiplies the length of the span; its end stays, and it follows if it followed before. */
  zoom(factor: number): void {
    this.#set(this.#max, allowed(this.#seconds * factor));
    this.onChange();
  }

  /** Shows the time between two times, in seconds since 1970. */
  show(min: number, max: number): void {
    this.#showFixed(max, max - min);
  }

  /** Shows the last minute, and follows the newest result from the next call of `advance` on. */
  follow(): void {
    this.follows = true;
    this.#seconds = FIRST_SECONDS;
    this.onChange();
  }

  /** Shows a span that does not follow. */
  #showFixed(max: number, seconds: number): void {
    this.#set(max, allowed(seconds));
    if (!this.follows) return;
    this.follows = false;
    this.onChange();
  }

  #set(max: number, seconds: number): void {
    this.#max = max;
    this.#seconds = seconds;
    for (const plot of this.#plots) plot.setScale("x", { min: this.min, max });
  }
}

/** The nearest allowed length of a span, in seconds. */
function allowed(seconds: number): number {
  return Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, seconds));
}
