import type { Match, People } from "./people.ts";
import type { Box } from "../image/box.ts";
import type { Picture } from "../image/picture.ts";

/**
 * How many of a track's latest features are averaged for recognition; more are steadier and slower.
 */
const FEATURES_AVERAGED = 5;
/** A new track is recognised in each of its first frames, since the first one may be blurred. */
const FIRST_FRAMES = 3;

interface Identity {
  readonly features: Float32Array[];
  match: Match | null;
  /** Frames since the track was last recognised. */
  age: number;
}

/** A tracked face that may be recognised. */
export interface Candidate {
  readonly track: number;
  readonly box: Box;
  /** Whether the face was detected in this frame. */
  readonly isDetected: boolean;
}

/** The person of each track: recognised every few frames and remembered in between. */
export class IdentityTracker {
  readonly #people: People;
  readonly #every: number;
  readonly #identities = new Map<number, Identity>();
  /** `People.version` of the matches. */
  #version: number;

  /** @param every interval between two recognitions of a track, in frames. */
  constructor(people: People, every: number) {
    this.#people = people;
    this.#every = every;
    this.#version = people.version;
  }

  /**
   * Takes the faces of one frame; tracks that are not among them are forgotten. If people were added
   * or removed since the last frame, every track is compared with those who are left.
   *
   * @returns the person of each face, in the same order; null for a stranger.
   */
  async update(picture: Picture, faces: readonly Candidate[]): Promise<(Match | null)[]> {
    const present = new Set(faces.map(({ track }) => track));
    for (const track of this.#identities.keys()) {
      if (!present.has(track)) this.#identities.delete(track);
    }
    if (this.#people.size === 0) {
      this.#identities.clear();
      return faces.map(() => null);
    }
    const due = faces.filter(({ track, isDetected }) => {
      const identity = this.#identities.get(track);
      if (identity === undefined) return isDetected;
      identity.age++;
      const isNew = identity.features.length < FIRST_FRAMES;
      return isDetected && (isNew || identity.age >= this.#every);
    });
    if (due.length > 0) {
      const boxes = due.map(({ box }) => box);
      const features = await this.#people.recogniser.describe(picture, boxes);
      for (const [i, feature] of features.entries()) {
        const face = due[i];
        if (face !== undefined) this.#identify(face.track, feature);
      }
    }
    // After the features were computed, since people may have changed meanwhile.
    this.#matchAgain();
    return faces.map(({ track }) => this.#identities.get(track)?.match ?? null);
  }

  #matchAgain(): void {
    if (this.#version === this.#people.version) return;
    this.#version = this.#people.version;
    for (const identity of this.#identities.values()) {
      identity.match = this.#people.identify(meanOf(identity.features));
    }
  }

  #identify(track: number, feature: Float32Array): void {
    const identity = this.#identities.get(track) ?? { features: [], match: null, age: 0 };
    identity.features.push(feature);
    if (identity.features.length > FEATURES_AVERAGED) identity.features.shift();
    identity.age = 0;
    identity.match = this.#people.identify(meanOf(identity.features));
    this.#identities.set(track, identity);
  }
}

/** @param features at least one, all of one length. */
function meanOf(features: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(features[0]?.length ?? 0);
  return mean.map((_, i) => {
    let sum = 0;
    for (const feature of features) sum += feature[i] ?? 0;
    return sum / features.length;
  });
}
