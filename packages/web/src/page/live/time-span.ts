import type uPlot from "uplot";

/** Seconds that are shown while the plots follow. */
const FOLLOWED = 60;
/** Seconds: no zoom goes beyond. */
const LEAST = 2;
const MOST = 6 * 3600;

/** The stretch of time that all plots show: it follows the newest, until a person moves it. */
export class TimeSpan {
  /** Whether it follows. */
  follows = true;
  /** Told when it stands still, or follows again. */
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

  /** There is something newer, at that second since 1970. */
  advance(now: number): void {
    if (this.follows) this.#set(now, FOLLOWED);
  }

  /** Goes back or forth by a share of what is shown. */
  move(share: number): void {
    this.#hold(this.#max + share * this.#seconds, this.#seconds);
  }

  /** Shows so many times as much; what is newest stays where it is. */
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
    this.#set(max, Math.min(MOST, Math.max(LEAST, seconds)));
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
