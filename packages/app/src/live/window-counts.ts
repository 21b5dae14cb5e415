import type { FaceResult } from "@mien/format";

/** As in the runtime's confirmation windows: longer unseen, and a window begins anew. */
const FORGET_AFTER = 5000;

interface Window {
  readonly recent: string[];
  seenMs: number;
}

/**
 * What fills the confirmation windows, for people to see. The runtime confirms; this only counts
 * along: one window a person, one a track while unknown.
 */
export class WindowCounts {
  readonly #labels: readonly string[];
  readonly #size: number;
  readonly #windows = new Map<string, Window>();

  /** @param size frames of a full window. */
  constructor(labels: readonly string[], size: number) {
    this.#labels = labels;
    this.#size = size;
  }

  /** @returns by track: in how many of the last frames each label won, in the labels' order. */
  add(faces: readonly FaceResult[], timeMs: number): Record<string, number[]> {
    for (const [key, { seenMs }] of this.#windows) {
      if (timeMs - seenMs > FORGET_AFTER) this.#windows.delete(key);
    }
    const counts: Record<string, number[]> = {};
    for (const { track, person, expression } of faces) {
      if (track === null) continue;
      const ofTrack = `track ${track}`;
      const key = person === null ? ofTrack : `person ${person.name}`;
      const window = this.#windows.get(key) ??
        this.#windows.get(ofTrack) ?? { recent: [], seenMs: timeMs };
      if (key !== ofTrack) this.#windows.delete(ofTrack);
      window.seenMs = timeMs;
      window.recent.push(expression);
      if (window.recent.length > this.#size) window.recent.shift();
      this.#windows.set(key, window);
      counts[track] = this.#labels.map(
        (label) => window.recent.filter((one) => one === label).length,
      );
    }
    return counts;
  }
}
