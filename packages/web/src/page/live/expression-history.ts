import type { LiveResult } from "../../messages.ts";
import { isStranger, nameOf } from "./expressions.ts";

/** Length of the step over which probabilities are averaged, in seconds. */
const STEP = 0.2;
/** Steps kept for each person: half an hour. */
const MAX_STEPS = 9000;
/** People kept; those seen longest ago are dropped. */
const MAX_PEOPLE = 12;

/** The expressions of one person over time. */
export interface ExpressionSeries {
  /** The beginning of each step, in seconds since 1970. */
  readonly times: number[];
  /** For each label, its mean probability in each step; null in a gap. */
  readonly shares: (number | null)[][];
  /** When the person was last seen in a finished step, in seconds since 1970. */
  lastSeen: number;
}

/** The step that is being averaged. */
interface Sums {
  /** Its first and its last frame, in seconds since 1970. */
  readonly since: number;
  until: number;
  readonly sums: number[];
  count: number;
}

/** The expressions of all people since the page was opened; stored only in the page. */
export class ExpressionHistory {
  readonly lines = new Map<string, ExpressionSeries>();
  /** Time of the newest result, in seconds since 1970. */
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
        this.#close(name, sums);
        sums = undefined;
      }
      sums ??= { since: now, until: now, sums: probabilities.map(() => 0), count: 0 };
      probabilities.forEach((p, i) => (sums.sums[i] = (sums.sums[i] as number) + p));
      sums.count++;
      sums.until = now;
      this.#open.set(name, sums);
    }
  }

  /** Deletes everybody who is neither a stranger nor one of these enrolled people. */
  keepOnly(people: readonly string[]): void {
    for (const known of [this.lines, this.#open]) {
      for (const name of known.keys()) {
        if (!isStranger(name) && !people.includes(name)) known.delete(name);
      }
    }
  }

  #close(name: string, { since, until, sums, count }: Sums): void {
    const line = this.lines.get(name) ?? { times: [], shares: sums.map(() => []), lastSeen: until };
    if (since - line.lastSeen > 5 * STEP && line.times.length > 0) {
      line.times.push(line.lastSeen + STEP);
      for (const shares of line.shares) shares.push(null);
    }
    line.times.push(since);
    line.shares.forEach((shares, i) => shares.push((sums[i] as number) / count));
    line.lastSeen = until;
    if (line.times.length > MAX_STEPS) {
      line.times.shift();
      for (const shares of line.shares) shares.shift();
    }
    this.lines.set(name, line);
    while (this.lines.size > MAX_PEOPLE) {
      const oldest = [...this.lines].sort(([, a], [, b]) => a.lastSeen - b.lastSeen)[0];
      if (oldest !== undefined) this.lines.delete(oldest[0]);
    }
  }
}
