import type { FaceResult } from "@mien/format";
import { argmax } from "../expression/argmax.ts";
import { boxInResult } from "../image/box.ts";
import { ConfirmationWindows, type WindowState } from "../expression/confirmation-windows.ts";
import type { ExpressionClassifier } from "../expression/expression-classifier.ts";
import type { FrameInput } from "../image/picture.ts";
import { IdentityTracker } from "../people/identity-tracker.ts";
import type { LocatedFace } from "./face-locator.ts";
import type { Match, People } from "../people/people.ts";
import { withProbabilityOf, type PipelineFace } from "../pipeline-result.ts";
import type { PipelineSettings } from "../pipeline-settings.ts";
import { readExpressions } from "../expression/read-expressions.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** What the second stage works with. */
export interface FaceReaderParts {
  readonly classifier: ExpressionClassifier;
  /** Undefined where nobody is to be recognised. */
  readonly people: People | undefined;
  readonly settings: PipelineSettings;
}

/** A frame whose faces are located. */
export interface FrameWithFaces {
  readonly frame: FrameInput;
  readonly timeMs: number;
  readonly faces: readonly LocatedFace[];
  /** The probabilities of each face from an earlier run; the expression model is then not run. */
  readonly recorded?: readonly (readonly number[])[] | undefined;
}

/** The results of a frame's faces. */
export interface ReadFaces {
  readonly faces: readonly PipelineFace[];
  /** By track: in how many of the last frames each label was the most probable. */
  readonly windows: Readonly<Record<string, readonly number[]>>;
}

/**
 * The second stage of the pipeline: recognises people, reads expressions and confirms them. It
 * remembers the identities and confirmation windows of earlier frames.
 */
export class FaceReader {
  readonly #classifier: ExpressionClassifier;
  readonly #people: People | undefined;
  readonly #settings: PipelineSettings;
  readonly #windows: ConfirmationWindows;
  /** Undefined for still images, and where nobody is to be recognised. */
  readonly #identities: IdentityTracker | undefined;

  constructor({ classifier, people, settings }: FaceReaderParts) {
    this.#classifier = classifier;
    this.#people = people;
    this.#settings = settings;
    this.#windows = new ConfirmationWindows(classifier.labels, settings.confirmation);
    this.#identities =
      people === undefined || settings.stills
        ? undefined
        : new IdentityTracker(people, settings.recogniseEvery);
  }

  /**
   * Reads the faces of the next frame.
   *
   * @param watch measures the times of recognition and classification.
   */
  async read(input: FrameWithFaces, watch: Stopwatch): Promise<ReadFaces> {
    const { frame, timeMs, faces, recorded } = input;
    const people = await this.#recognise(frame, faces);
    if (this.#people !== undefined && this.#people.size > 0) watch.lap("recognise");
    const boxes = faces.map(({ box }) => box);
    const { mirror } = this.#settings;
    const { labels } = this.#classifier;
    const read =
      recorded?.map((probabilities) => Float32Array.from(probabilities)) ??
      (await readExpressions(this.#classifier, { picture: frame, boxes, mirror }));
    watch.lap("classify");
    const windows: Record<string, readonly number[]> = {};
    const results = read.flatMap((probabilities, i): PipelineFace[] => {
      const face = faces[i];
      if (face === undefined) return [];
      // Somebody may have been removed while the expressions were read.
      const person = this.#stillEnrolled(people[i] ?? null);
      const window = this.#confirm(face.track, { person, probabilities, timeMs });
      if (window !== undefined) windows[String(face.track)] = window.counts;
      const result: FaceResult = {
        track: face.track,
        box: boxInResult(face.box, frame),
        score: Math.round(face.score * 10_000) / 10_000,
        distanceMm: face.distanceMm,
        relief: face.relief,
        person,
        probabilities: Array.from(probabilities),
        expression: labels[argmax(probabilities)] ?? "",
        confirmed: window?.confirmed?.expression ?? null,
        quorumReached: window?.confirmed?.quorumReached ?? null,
      };
      return [withProbabilityOf(result, labels)];
    });
    return { faces: results, windows };
  }

  #stillEnrolled(match: Match | null): Match | null {
    return match !== null && this.#people?.has(match.name) === true ? match : null;
  }

  #confirm(
    track: number | null,
    face: {
      readonly person: Match | null;
      readonly probabilities: Float32Array;
      readonly timeMs: number;
    },
  ): WindowState | undefined {
    if (track === null) return undefined;
    const person = face.person?.name ?? null;
    return this.#windows.add({ track, person }, face.probabilities, face.timeMs);
  }

  /** @returns the person of each face; null for a stranger. */
  async #recognise(
    frame: FrameInput,
    faces: readonly LocatedFace[],
  ): Promise<readonly (Match | null)[]> {
    const people = this.#people;
    if (people === undefined || faces.length === 0) return [];
    if (this.#identities !== undefined) {
      return this.#identities.update(frame, faces.filter(isTracked));
    }
    if (people.size === 0) return [];
    const boxes = faces.map(({ box }) => box);
    const features = await people.recogniser.describe(frame, boxes);
    return features.map((feature) => people.identify(feature));
  }
}

/** Every face is tracked, except in still images. */
function isTracked(face: LocatedFace): face is LocatedFace & { readonly track: number } {
  return face.track !== null;
}
