import type { LiveResult } from "../../messages.ts";
import { isUnknown, nameOf } from "./expressions.ts";

/** Length of the steps over which probabilities are averaged, in seconds. */
const STEP = 0.2;
/** The largest number of steps that are stored for each person: half an hour. */
const MAX_STEPS = 9000;
/** The largest number of people; those who were seen longest ago are removed. */
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

/** A step that is not finished yet. */
interface OpenStep {
  /** Time of its first frame, in seconds since 1970. */
  readonly since: number;
  /** Time of its last frame so far, in seconds since 1970. */
  until: number;
  /** For each label, the sum of its probabilities. */
  sums: readonly number[];
  /** Number of frames. */
  count: number;
}

/** The expressions of all people since the page was opened. They are stored only in the page. */
export class ExpressionHistory {
  /** The series of each person, by the name that `nameOf` gives. */
  readonly series = new Map<string, ExpressionSeries>();
  /** Time of the newest result, in seconds since 1970. */
  now = 0;
  /** Called after `keepNames`, which may have removed people. */
  onRemove: () => void = () => undefined;
  readonly #openSteps = new Map<string, OpenStep>();

  /** Adds the faces of a result. */
  add(result: LiveResult): void {
    const now = result.capturedAt / 1000;
    this.now = now;
    for (const face of result.faces) {
      const name = nameOf(face);
      const { probabilities } = face;
      let step = this.#openSteps.get(name);
      if (step !== undefined && now - step.since >= STEP) {
        this.#finish(name, step);
        step = undefined;
      }
      step ??= { since: now, until: now, sums: probabilities.map(() => 0), count: 0 };
      step.sums = step.sums.map((sum, i) => sum + (probabilities[i] ?? 0));
      step.count++;
      step.until = now;
      this.#openSteps.set(name, step);
    }
  }

  /** Removes every named person who is not in the list, since they were deleted. */
  keepNames(people: readonly string[]): void {
    for (const known of [this.series, this.#openSteps]) {
      for (const name of known.keys()) {
        if (!isUnknown(name) && !people.includes(name)) known.delete(name);
      }
    }
    this.onRemove();
  }

  /** Adds a finished step to the series of a person, after a gap if the person was away before. */
  #finish(name: string, { since, until, sums, count }: OpenStep): void {
    const found = this.series.get(name);
    const series = found ?? { times: [], shares: sums.map(() => []), lastSeen: until };
    if (since - series.lastSeen > 5 * STEP && series.times.length > 0) {
      series.times.push(series.lastSeen + STEP);
      for (const shares of series.shares) shares.push(null);
    }
    series.times.push(since);
    series.shares.forEach((shares, i) => shares.push((sums[i] ?? 0) / count));
    series.lastSeen = until;
    if (series.times.length > MAX_STEPS) {
      series.times.shift();
      for (const shares of series.shares) shares.shift();
    }
    this.series.set(name, series);
    while (this.series.size > MAX_PEOPLE) {
      const oldest = [...this.series].sort(([, a], [, b]) => a.lastSeen - b.lastSeen)[0];
      if (oldest !== undefined) this.series.delete(oldest[0]);
    }
  }
}
