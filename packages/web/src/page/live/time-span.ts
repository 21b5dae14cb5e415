import type uPlot from "uplot";

/** Length of the span while it follows, in seconds. */
const FOLLOWED = 60;
/** The limits of zooming, in seconds. */
const MIN_SECONDS = 2;
const MAX_SECONDS = 6 * 3600;

/** The time span of all plots. It follows the newest result until the user moves or zooms it. */
export class TimeSpan {
  /** Whether the span ends at the newest result. */
  follows = true;
  /** Called when `follows` changes. */
  onChange: () => void = () => undefined;
  readonly #plots = new Set<uPlot>();
  #max = 0;
  #seconds = FOLLOWED;

  get min(): number {
    return this.#max - this.#seconds;
  }

  get max(): number {
    return this.#max;
  }

  /** @returns how to take the plot out again. */
  add(plot: uPlot): () => void {
    this.#plots.add(plot);
    return () => void this.#plots.delete(plot);
  }

  /** Reports the time of the newest result, in seconds since 1970. */
  advance(now: number): void {
    if (this.follows) this.#set(now, FOLLOWED);
  }

  /** Moves by a share of the span's length; negative is back in time. */
  move(share: number): void {
    this.#hold(this.#max + share * this.#seconds, this.#seconds);
  }

  /** Multiplies the length of the span; its end stays. */
  zoom(factor: number): void {
    this.#hold(this.#max, this.#seconds * factor);
  }

  show(min: number, max: number): void {
    this.#hold(max, max - min);
  }

  follow(): void {
    this.follows = true;
    this.onChange();
  }

  #hold(max: number, seconds: number): void {
    this.#set(max, Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, seconds)));
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
