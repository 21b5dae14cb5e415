import {
  createSmoother,
  resolveConfirmation,
  type Confirmation,
  type ConfirmationOptions,
  type Confirmed,
  type Smoother,
} from "./confirmation.ts";

/** Longer than this unseen, and somebody's window begins anew, in milliseconds. */
const FORGET_AFTER = 5000;

interface Memory {
  readonly smoother: Smoother;
  seenMs: number;
}

/** The confirmation windows of everybody in view: one a person, and one a track while unknown. */
export class Confirmations {
  readonly #options: Confirmation;
  readonly #labels: readonly string[];
  readonly #memories = new Map<string, Memory>();

  /** @throws {MienError} `usage` for an option out of range. */
  constructor(labels: readonly string[], options: ConfirmationOptions = {}) {
    this.#options = resolveConfirmation(options, labels);
    this.#labels = labels;
  }

  /**
   * Takes in one face of one frame.
   *
   * @param face.person the name, or null while unknown. Once a track is recognised, the window of
   * the person goes on where that of the track was, unless the person has one already.
   * @returns what is confirmed, or null while the window is not full.
   */
  add(
    face: { readonly track: number; readonly person: string | null },
    probabilities: ArrayLike<number>,
    timeMs: number,
  ): Confirmed | null {
    this.#forget(timeMs);
    const ofTrack = `track ${face.track}`;
    const key = face.person === null ? ofTrack : `person ${face.person}`;
    let memory = this.#memories.get(key) ?? this.#memories.get(ofTrack);
    memory ??= { smoother: createSmoother(this.#options, this.#labels), seenMs: timeMs };
    if (key !== ofTrack) this.#memories.delete(ofTrack);
    memory.seenMs = timeMs;
    this.#memories.set(key, memory);
    return memory.smoother.add(probabilities);
  }

  #forget(timeMs: number): void {
    for (const [key, { seenMs }] of this.#memories) {
      if (timeMs - seenMs > FORGET_AFTER) this.#memories.delete(key);
    }
  }
}
