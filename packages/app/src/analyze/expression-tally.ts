import type { FrameResult } from "@mien/format";

/** Counts over all frames of an analysis. */
export interface Tally {
  readonly frames: number;
  readonly faces: number;
  /** Number of tracks; null for images. */
  readonly tracks: number | null;
  /** Faces by expression, in the order of the labels. */
  readonly expressions: Readonly<Record<string, number>>;
  /** Faces by confirmed expression; `unconfirmed` while windows fill. Empty for images. */
  readonly confirmed: Readonly<Record<string, number>>;
  /** Faces whose `confirmed` is Neutral or `unsure` because no expression reached the quorum. */
  readonly belowQuorum: number;
  /** Faces by the name of the recognised person. */
  readonly people: Readonly<Record<string, number>>;
  /** Rejected boxes by the first word of the reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Mean time per frame by stage, in ms. */
  readonly meanMs: Readonly<Record<string, number>>;
  /** 99th percentile of the processing time per frame, in ms. */
  readonly p99Ms: number;
}

/** Counts frame by frame; memory grows by one number per frame. */
export class Counter {
  readonly #expressions = new Map<string, number>();
  readonly #confirmed = new Map<string, number>();
  readonly #people = new Map<string, number>();
  readonly #rejected = new Map<string, number>();
  readonly #stages = new Map<string, number>();
  readonly #totals: number[] = [];
  readonly #tracks = new Set<number>();
  readonly #stills: boolean;
  #faces = 0;
  #belowQuorum = 0;

  constructor(labels: readonly string[], stills: boolean) {
    for (const label of labels) this.#expressions.set(label, 0);
    this.#stills = stills;
  }

  add({ faces, rejected = [], timings }: FrameResult): void {
    this.#faces += faces.length;
    for (const { expression, confirmed, quorumReached, person, track } of faces) {
      if (quorumReached === false) this.#belowQuorum++;
      count(this.#expressions, expression);
      if (track !== null) {
        this.#tracks.add(track);
        count(this.#confirmed, confirmed ?? "unconfirmed");
      }
      if (person !== null) count(this.#people, person.name);
    }
    for (const { reason } of rejected) count(this.#rejected, /^\w+/.exec(reason)?.[0] ?? reason);
    for (const [stage, ms] of Object.entries(timings)) count(this.#stages, stage, ms);
    this.#totals.push(timings["total"] ?? 0);
  }

  /** Stops counting a person who was deleted. */
  forget(name: string): void {
    this.#people.delete(name);
  }

  tally(): Tally {
    const frames = this.#totals.length;
    const sorted = this.#totals.toSorted((a, b) => a - b);
    const means = [...this.#stages].map(
      ([stage, ms]) => [stage, ms / Math.max(1, frames)] as const,
    );
    return {
      frames,
      faces: this.#faces,
      tracks: this.#stills ? null : this.#tracks.size,
      expressions: Object.fromEntries(this.#expressions),
      confirmed: Object.fromEntries(this.#confirmed),
      belowQuorum: this.#belowQuorum,
      people: Object.fromEntries(this.#people),
      rejected: Object.fromEntries(this.#rejected),
      meanMs: Object.fromEntries(means),
      p99Ms: sorted[Math.max(0, Math.ceil(0.99 * frames) - 1)] ?? 0,
    };
  }
}

function count(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
