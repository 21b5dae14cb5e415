/** Takes the time of stages; pauses between them do not count. */
export class Stopwatch {
  /** Milliseconds by stage, in the order in which they ended. */
  readonly timings: Record<string, number> = {};
  #last = performance.now();

  /** Ends a pause. */
  resume(): void {
    this.#last = performance.now();
  }

  /** Ends a stage. */
  lap(stage: string): void {
    const now = performance.now();
    this.timings[stage] = toMicroseconds(now - this.#last);
    this.#last = now;
  }

  /** The stages, and all of them together. */
  withTotal(): Record<string, number> {
    const total = Object.values(this.timings).reduce((sum, ms) => sum + ms, 0);
    return { ...this.timings, total: toMicroseconds(total) };
  }
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
