/** Measures the times of stages; pauses between stages do not count. */
export class Stopwatch {
  /** Milliseconds by stage, in the order in which the stages ended. */
  readonly timings: Record<string, number> = {};
  #last = performance.now();

  /** Ends a pause. */
  resume(): void {
    this.#last = performance.now();
  }

  /** Ends a stage; the next one begins. */
  lap(stage: string): void {
    const now = performance.now();
    this.timings[stage] = toMicroseconds(now - this.#last);
    this.#last = now;
  }

  /** The time of each stage, and their sum as `total`, in milliseconds. */
  withTotal(): Record<string, number> {
    const total = Object.values(this.timings).reduce((sum, ms) => sum + ms, 0);
    return { ...this.timings, total: toMicroseconds(total) };
  }
}

/** Rounds to three decimals. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
