import type { LiveResult } from "../../messages.ts";
import { isStranger, nameOf } from "./expressions.ts";

/** Samples are this far apart, in seconds, and so many are kept. */
const STEP = 0.2;
const KEEP = 9000;
/** Of strangers who left, only the last are remembered. */
const MOST = 12;

/** What one person showed over time. */
export interface ExpressionSeries {
  readonly times: number[];
  /** By label: the mean probability in each step; null in a gap. */
  readonly shares: (number | null)[][];
  lastSeen: number;
}

interface Sums {
  readonly since: number;
  readonly sums: number[];
  count: number;
}

/** What everybody showed, as long as the page is open; it is kept nowhere else. */
export class ExpressionHistory {
  readonly lines = new Map<string, ExpressionSeries>();
  /** Of the newest result, in seconds since 1970. */
  now = 0;
  readonly #open = new Map<string, Sums>();

  add(result: LiveResult): void {
    const now = result.capturedAt / 1000;
    this.now = now;
    for (const face of result.faces) {
      const name = nameOf(face);
      const { probabilities } = face;
      let sums = this.#open.get(name);
      if (sums !== undefined && now - sums.since >= STEP) {
        this.#close(name, sums, now);
        sums = undefined;
      }
      sums ??= { since: now, sums: probabilities.map(() => 0), count: 0 };
      probabilities.forEach((p, i) => (sums.sums[i] = (sums.sums[i] as number) + p));
      sums.count++;
      this.#open.set(name, sums);
    }
  }

  /** Forgets those who are neither strangers nor among these people, since they were deleted. */
  keepOnly(people: readonly string[]): void {
    for (const known of [this.lines, this.#open]) {
      for (const name of known.keys()) {
        if (!isStranger(name) && !people.includes(name)) known.delete(name);
      }
    }
  }

  #close(name: string, { since, sums, count }: Sums, now: number): void {
    const line = this.lines.get(name) ?? { times: [], shares: sums.map(() => []), lastSeen: now };
    if (since - line.lastSeen > 5 * STEP && line.times.length > 0) {
      line.times.push(line.lastSeen + STEP);
      for (const shares of line.shares) shares.push(null);
    }
    line.times.push(since);
    line.shares.forEach((shares, i) => shares.push((sums[i] as number) / count));
    line.lastSeen = now;
    if (line.times.length > KEEP) {
      line.times.shift();
      for (const shares of line.shares) shares.shift();
    }
    this.lines.set(name, line);
    while (this.lines.size > MOST) {
      const oldest = [...this.lines].sort(([, a], [, b]) => a.lastSeen - b.lastSeen)[0];
      if (oldest !== undefined) this.lines.delete(oldest[0]);
    }
  }
}
