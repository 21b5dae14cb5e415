import { MienError, describeValue, isArrayOf, toPersonName } from "@mien/format";
import { estimateThreshold, type ThresholdEstimate } from "./recognition-threshold.ts";
import { checkOptions } from "../check-options.ts";
import { distanceToPerson } from "./distance.ts";
import { impostorsFor } from "./impostors.ts";
import type { Person } from "./person.ts";
import type { OptionsOf } from "../setting.ts";
import type { Recogniser } from "./recogniser.ts";
import { recognitionSettings } from "../recognition-settings.ts";

/** Longest name of a person, in characters. */
const MAX_NAME_LENGTH = 100;

/** How enrolled people are distinguished from strangers. */
export type PeopleOptions = OptionsOf<Pick<typeof recognitionSettings, "maxFalseAccept">>;

/** The enrolled person who is most similar to a face. */
export interface Match {
  readonly name: string;
  /** Distance to that person; the face is recognised if it does not exceed the threshold. */
  readonly distance: number;
}

/**
 * The enrolled people, and the threshold between them and strangers.
 *
 * The threshold is estimated anew from the enrolled pictures whenever people are added or removed;
 * nothing is trained.
 *
 * @example
 * const people = new People(await openEmbedding("embedding.onnx"));
 * await loadPeople("people", people);
 * const [feature] = await people.recogniser.describe(picture, [face.box]);
 * console.log(people.identify(feature)?.name ?? "a stranger");
 */
export class People {
  readonly recogniser: Recogniser;
  readonly #people = new Map<string, Person>();
  readonly #maxFalseAccept: number;
  #estimate: ThresholdEstimate | undefined;
  #version = 0;

  /** @throws {MienError} `usage` for an option that is unknown or out of range. */
  constructor(recogniser: Recogniser, options: PeopleOptions = {}) {
    checkOptions("People", options);
    this.recogniser = recogniser;
    this.#maxFalseAccept = options.maxFalseAccept ?? recognitionSettings.maxFalseAccept.default;
  }

  /** Every person, in the order of enrolment. */
  list(): Person[] {
    return [...this.#people.values()];
  }

  /** Number of enrolled people. */
  get size(): number {
    return this.#people.size;
  }

  /** Number of changes so far; what was recognised before a change may be outdated. */
  get version(): number {
    return this.#version;
  }

  /** Whether a person of this name is enrolled. */
  has(name: string): boolean {
    return this.#people.has(toPersonName(name));
  }

  /**
   * Adds pictures of a person, new or already enrolled.
   *
   * @param features of the pictures, from this recogniser; at least one.
   * @param enrolled time of the enrolment, ISO 8601; default: now. Ignored for a person who is
   * already enrolled.
   * @throws {MienError} `usage` for a name that is empty or longer than 100 characters, or if there
   * are no features; `mismatch` for features of another recogniser.
   */
  add(
    name: string,
    features: readonly Float32Array[],
    enrolled = new Date().toISOString(),
  ): Person {
    const personName = toPersonName(name);
    if (personName === "" || personName.length > MAX_NAME_LENGTH) {
      throw new MienError(
        "usage",
        `expected a name of 1 to ${MAX_NAME_LENGTH} characters, found "${name}"`,
      );
    }
    if (features.length === 0) {
      throw new MienError("usage", `no picture of ${personName} was given`, {
        advice: "Give at least one, better ten: turned a little, near and far.",
      });
    }
    this.#checkFeatures(personName, features);
    const known = this.#people.get(personName);
    const person: Person = {
      name: personName,
      enrolled: known?.enrolled ?? enrolled,
      features: [...(known?.features ?? []), ...features],
    };
    this.#people.set(personName, person);
    this.#changed();
    return person;
  }

  /** @returns whether a person of this name was enrolled. */
  remove(name: string): boolean {
    this.#changed();
    return this.#people.delete(toPersonName(name));
  }

  /** The nearest person, at any distance; null if nobody is enrolled. */
  nearest(feature: Float32Array): Match | null {
    let best: Match | null = null;
    for (const { name, features } of this.#people.values()) {
      const distance = distanceToPerson(feature, features, this.recogniser);
      if (best === null || distance < best.distance) best = { name, distance };
    }
    return best;
  }

  /** The recognised person; null for a stranger. */
  identify(feature: Float32Array): Match | null {
    const best = this.nearest(feature);
    const { threshold } = this.thresholdEstimate();
    return best !== null && best.distance <= threshold ? best : null;
  }

  /** The threshold between enrolled people and strangers, and the errors to expect with it. */
  thresholdEstimate(): ThresholdEstimate {
    this.#estimate ??= estimateThreshold(this.list(), this.recogniser, {
      maxFalseAccept: this.#maxFalseAccept,
      impostors: impostorsFor(this.recogniser.kind),
    });
    return this.#estimate;
  }

  #changed(): void {
    this.#estimate = undefined;
    this.#version++;
  }

  #checkFeatures(name: string, features: readonly Float32Array[]): void {
    const { kind, length } = this.recogniser;
    const wrong = features.find(
      (one) =>
        !isArrayOf(one, "Float32Array") || one.length !== length || !one.every(Number.isFinite),
    );
    if (wrong === undefined) return;
    throw new MienError(
      "mismatch",
      `the features of ${name} are not of ${kind}: ` +
        `expected ${length} finite numbers, found ${describeValue(wrong)}`,
    );
  }
}
