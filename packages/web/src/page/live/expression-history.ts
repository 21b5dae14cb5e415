import type { LiveResult } from "../../messages.ts";
import { nameOf } from "../../face-name.ts";
import { isUnknown } from "./expressions.ts";

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
  /** The track of the face when it was last seen; null for a still image. */
  track: number | null;
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
  /** The track of the face in the last frame; null for a still image. */
  track: number | null;
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
      const { probabilities, track } = face;
      if (face.person !== null) this.#join(nameOf({ person: null, track }), name);
      let step = this.#openSteps.get(name);
      if (step !== undefined && now - step.since >= STEP) {
        this.#finish(name, step);
        step = undefined;
      }
      step ??= { since: now, until: now, sums: probabilities.map(() => 0), count: 0, track };
      step.sums = step.sums.map((sum, i) => sum + (probabilities[i] ?? 0));
      step.count++;
      step.until = now;
      step.track = track;
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

  /**
   * Makes the series of an unknown face the first part of the series of a person, since the face was
   * recognised as this person. If the two overlap in time, they stay apart.
   */
  #join(unknown: string, name: string): void {
    const step = this.#openSteps.get(unknown);
    const before = this.series.get(unknown);
    if (step === undefined && before === undefined) return;
    const own = this.#openSteps.get(name);
    if (own !== undefined) this.#finish(name, own);
    this.#openSteps.delete(unknown);
    if (step === undefined) this.#openSteps.delete(name);
    else this.#openSteps.set(name, step);
    if (before === undefined) return;
    const known = this.series.get(name);
    const [first = 0] = before.times;
    if (known !== undefined && known.lastSeen >= first) return;
    this.series.delete(unknown);
    if (known === undefined) {
      this.series.set(name, before);
      return;
    }
    known.times.push(known.lastSeen + STEP, ...before.times);
    known.shares.forEach((shares, i) => shares.push(null, ...(before.shares[i] ?? [])));
    known.lastSeen = before.lastSeen;
  }

  /** Removes everything, since the labels have changed. */
  clear(): void {
    this.series.clear();
    this.#openSteps.clear();
    this.onRemove();
  }

  /** Adds a finished step to the series of a person, after a gap if the person was away before. */
  #finish(name: string, { since, until, sums, count, track }: OpenStep): void {
    const found = this.series.get(name);
    const series = found ?? { times: [], shares: sums.map(() => []), lastSeen: until, track };
    if (since - series.lastSeen > 5 * STEP && series.times.length > 0) {
      series.times.push(series.lastSeen + STEP);
      for (const shares of series.shares) shares.push(null);
    }
    series.times.push(since);
    series.shares.forEach((shares, i) => shares.push((sums[i] ?? 0) / count));
    series.lastSeen = until;
    series.track = track;
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
