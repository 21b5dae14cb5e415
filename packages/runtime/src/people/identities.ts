import type { Match, People } from "./people.ts";
import type { Box } from "../image/box.ts";
import type { Picture } from "../image/shrink.ts";

/** Features of a track that are averaged; more of them make the answer steadier and slower. */
const KEPT = 5;
/** A new track is recognised in each of its first frames, since the first may be blurred. */
const EAGER = 3;

interface Identity {
  readonly features: Float32Array[];
  match: Match | null;
  /** Frames since the last look. */
  age: number;
}

/** A face that may be looked at. */
export interface Candidate {
  readonly track: number;
  readonly box: Box;
  /** Whether the detector found it in this very frame. */
  readonly fresh: boolean;
}

/** Who each track is: recognised now and then, and remembered in between. */
export class Identities {
  readonly #people: People;
  readonly #every: number;
  readonly #byTrack = new Map<number, Identity>();

  constructor(people: People, every: number) {
    this.#people = people;
    this.#every = every;
  }

  /**
   * Takes in the faces of one frame; of tracks that are not among them everything is forgotten.
   *
   * @returns who each is, in the same order.
   */
  async update(picture: Picture, faces: readonly Candidate[]): Promise<(Match | null)[]> {
    const present = new Set(faces.map(({ track }) => track));
    for (const track of this.#byTrack.keys()) {
      if (!present.has(track)) this.#byTrack.delete(track);
    }
    if (this.#people.size === 0) return faces.map(() => null);
    const due = faces.filter(({ track, fresh }) => {
      const identity = this.#byTrack.get(track);
      if (identity === undefined) return fresh;
      identity.age++;
      return fresh && (identity.features.length < EAGER || identity.age >= this.#every);
    });
    if (due.length > 0) {
      const boxes = due.map(({ box }) => box);
      const features = await this.#people.recogniser.describe(picture, boxes);
      due.forEach(({ track }, i) => this.#look(track, features[i] as Float32Array));
    }
    return faces.map(({ track }) => this.#byTrack.get(track)?.match ?? null);
  }

  #look(track: number, feature: Float32Array): void {
    const identity = this.#byTrack.get(track) ?? { features: [], match: null, age: 0 };
    identity.features.push(feature);
    if (identity.features.length > KEPT) identity.features.shift();
    identity.age = 0;
    identity.match = this.#people.identify(meanOf(identity.features));
    this.#byTrack.set(track, identity);
  }
}

function meanOf(features: readonly Float32Array[]): Float32Array {
  const [first] = features as [Float32Array];
  return first.map((_, i) => {
    let sum = 0;
    for (const one of features) sum += one[i] as number;
    return sum / features.length;
  });
}
