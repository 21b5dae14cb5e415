import { confirmedText, type FaceResult, type FrameResult } from "@mien/format";
import { nameOf, NOT_CONFIRMED, type SessionPerson } from "@mien/web";

/** Length of the steps over which probabilities are averaged, in ms. */
export const STEP = 500;

/** The probabilities of one person in one step. */
interface Step {
  /** The sum of each label's probability over the frames. */
  sums: readonly number[];
  /** Number of frames. */
  count: number;
}

/** One person, or one track of an unknown face. */
interface Row {
  /** By number of the step since time 0. */
  readonly steps: Map<number, Step>;
  /** Number of frames by confirmed expression. */
  readonly confirmed: Map<string, number>;
  frames: number;
}

/** Collects the mean probabilities over time for each person, and each track of an unknown face. */
export class SessionTimeline {
  readonly rows = new Map<string, Row>();
  frames = 0;
  /** Time of the first frame, in ms; infinite before it. */
  firstMs = Infinity;
  /** Time of the last frame, in ms. */
  lastMs = 0;
  readonly #labels: readonly string[];
  readonly #nameOf: (face: FaceResult) => string;

  /** @param nameFor gives the name under which a face is counted. Default: as on the page. */
  constructor(labels: readonly string[], nameFor: (face: FaceResult) => string = nameOf) {
    this.#labels = labels;
    this.#nameOf = nameFor;
  }

  /** Time from the first frame to the last, in seconds. */
  get seconds(): number {
    return Math.max(0, this.lastMs - this.firstMs) / 1000;
  }

  /** The people and tracks, those with the most frames first. */
  get people(): SessionPerson[] {
    return [...this.rows]
      .sort(([, a], [, b]) => b.frames - a.frames)
      .map(([name, { frames, confirmed }]) => {
        const counts = [...confirmed].sort(([, a], [, b]) => b - a);
        const sum = counts.reduce((total, [, count]) => total + count, 0);
        return { name, frames, confirmed: [...counts, [NOT_CONFIRMED, frames - sum] as const] };
      });
  }

  /** Adds the faces of a frame. @param timeMs when it was taken, in ms since any fixed time. */
  add({ faces }: Pick<FrameResult, "faces">, timeMs: number): void {
    this.frames++;
    this.firstMs = Math.min(this.firstMs, timeMs);
    this.lastMs = Math.max(this.lastMs, timeMs);
    for (const face of faces) {
      const name = this.#nameOf(face);
      const row: Row = this.rows.get(name) ?? { steps: new Map(), confirmed: new Map(), frames: 0 };
      this.rows.set(name, row);
      row.frames++;
      const at = Math.floor(timeMs / STEP);
      const step: Step = row.steps.get(at) ?? { sums: this.#labels.map(() => 0), count: 0 };
      row.steps.set(at, step);
      step.count++;
      step.sums = step.sums.map((sum, i) => sum + (face.probabilities[i] ?? 0));
      const confirmed = confirmedText(face);
      if (confirmed === undefined) continue;
      row.confirmed.set(confirmed, (row.confirmed.get(confirmed) ?? 0) + 1);
    }
  }
}
