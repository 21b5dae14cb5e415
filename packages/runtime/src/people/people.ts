import { MienError, describeValue, isArrayOf, toPersonName } from "@mien/format";
import { calibrate, type Calibration } from "./recognition-threshold.ts";
import { checkOptions } from "../check-options.ts";
import { impostorsFor } from "./impostors.ts";
import type { Recogniser } from "./recogniser.ts";

/** Somebody who was enrolled. */
export interface Person {
  readonly name: string;
  /** When the first pictures were enrolled: ISO 8601. */
  readonly enrolled: string;
  /** One a picture. */
  readonly features: readonly Float32Array[];
}

/** How strangers are told from the people that are known. */
export interface PeopleOptions {
  /** Share of strangers, 0–0.5 without 0, that may be taken for somebody; default 0.01. */
  readonly maxFalseAccept?: number;
}

/** Who somebody is most like. */
export interface Match {
  readonly name: string;
  /** Below the threshold of the calibration, the person is taken to be that one. */
  readonly distance: number;
}

/**
 * The people that are known, and the line between them and strangers.
 *
 * The line is drawn anew from the enrolled pictures whenever somebody comes or goes; nothing is
 * trained.
 */
export class People {
  readonly recogniser: Recogniser;
  readonly #people = new Map<string, Person>();
  readonly #maxFalseAccept: number;
  #calibration: Calibration | undefined;

  /** @throws {MienError} `usage` for an option that is unknown or out of range. */
  constructor(recogniser: Recogniser, options: PeopleOptions = {}) {
    checkOptions("People", options);
    this.recogniser = recogniser;
    this.#maxFalseAccept = options.maxFalseAccept ?? 0.01;
  }

  /** Everybody, in the order of enrolment. */
  list(): Person[] {
    return [...this.#people.values()];
  }

  get size(): number {
    return this.#people.size;
  }

  /**
   * Adds pictures of a person, who need not be new.
   *
   * @param features of the pictures, from this recogniser; at least one.
   * @throws {MienError} `usage` for a name that is empty or longer than 100 characters, or no
   * pictures; `mismatch` for features of another kind.
   */
  add(
    name: string,
    features: readonly Float32Array[],
    enrolled = new Date().toISOString(),
  ): Person {
    const called = toPersonName(name);
    if (called === "" || called.length > 100) {
      throw new MienError("usage", `expected a name of 1 to 100 characters, found "${name}"`);
    }
    if (features.length === 0) {
      throw new MienError("usage", `no picture of ${called} was given`, {
        advice: "Give at least one, better ten: turned a little, near and far.",
      });
    }
    const wrong = features.find(
      (one) =>
        !isArrayOf(one, "Float32Array") ||
        one.length !== this.recogniser.length ||
        !one.every(Number.isFinite),
    );
    if (wrong !== undefined) {
      throw new MienError(
        "mismatch",
        `the features of ${called} are not of ${this.recogniser.kind}: ` +
          `expected ${this.recogniser.length} finite numbers, found ${describeValue(wrong)}`,
      );
    }
    const known = this.#people.get(called);
    const person: Person = {
      name: called,
      enrolled: known?.enrolled ?? enrolled,
      features: [...(known?.features ?? []), ...features],
    };
    this.#people.set(called, person);
    this.#calibration = undefined;
    return person;
  }

  /** @returns whether there was such a person. */
  remove(name: string): boolean {
    this.#calibration = undefined;
    return this.#people.delete(toPersonName(name));
  }

  /** Who is nearest, however far; null if nobody is enrolled. */
  nearest(feature: Float32Array): Match | null {
    let best: Match | null = null;
    for (const { name, features } of this.#people.values()) {
      const distance = distanceTo(feature, features, this.recogniser);
      if (best === null || distance < best.distance) best = { name, distance };
    }
    return best;
  }

  /** Who it is; null for a stranger. */
  identify(feature: Float32Array): Match | null {
    const best = this.nearest(feature);
    return best !== null && best.distance <= this.calibration().threshold ? best : null;
  }

  /** Where the line to strangers is, and what may be expected of it. */
  calibration(): Calibration {
    this.#calibration ??= calibrate(this.list(), this.recogniser, {
      maxFalseAccept: this.#maxFalseAccept,
      impostors: impostorsFor(this.recogniser.kind),
    });
    return this.#calibration;
  }
}

/** The mean over the nearest pictures, so that with three of them one odd picture is no match. */
export function distanceTo(
  feature: Float32Array,
  pictures: readonly Float32Array[],
  { distance, neighbours }: Measure,
): number {
  const nearest = pictures
    .map((picture) => distance(feature, picture))
    .sort((a, b) => a - b)
    .slice(0, neighbours);
  return nearest.reduce((sum, one) => sum + one, 0) / nearest.length;
}

/** What of a recogniser comparisons need. */
export type Measure = Pick<Recogniser, "distance" | "neighbours">;
