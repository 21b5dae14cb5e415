import { imageCount, itemAt, MienError, type ImageSet } from "@mien/format";
import { confidentLearning, type ConfidentLearning } from "./confident-learning.ts";
import { suspectLabels, type LabelSuspicion } from "./label-suspicion.ts";
import { findNeighbours, type Neighbours } from "./neighbours.ts";
import { rateNoFaces } from "./no-face.ts";
import type { OutOfFold } from "./read-probabilities.ts";

/** An audit of the labels of some images. */
export interface Audit {
  /** [n], positions in the set of the images that were audited, in ascending order. */
  readonly positions: Uint32Array;
  /** [n, classes], the probabilities of the models. */
  readonly probabilities: Float32Array;
  readonly learning: ConfidentLearning;
  readonly suspicion: LabelSuspicion;
  /** Similar images; absent without features. */
  readonly neighbours?: Neighbours;
  /** [n], indices into `positions`, the most suspicious label first. */
  readonly byLabel: Uint32Array;
  /** [n], indices into `positions`, the least like a face first. */
  readonly byNoFace: Uint32Array;
  /** [n], how little an image looks like the others (`rateNoFaces`). */
  readonly strangeness: Float64Array;
}

/** Number of similar images that are found; more than are asked, so that the page can show some. */
const NEIGHBOURS = 20;

/**
 * Audits the images of a set that have out-of-fold probabilities.
 *
 * @param options.positions the images to audit; images without probabilities are left out.
 * @throws {MienError} `bad-data` if none of them has probabilities; `interrupted` if the signal fires.
 */
export async function auditLabels(
  set: ImageSet,
  outOfFold: OutOfFold,
  options: {
    readonly positions: Uint32Array;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<Audit> {
  const positions = options.positions.filter((at) => outOfFold.isKnown[at] === 1);
  if (positions.length === 0) {
    throw new MienError(
      "bad-data",
      `${outOfFold.path} has probabilities for none of the images to audit`,
      { advice: "Make them with `npx nx run train:crossval`, or add --all." },
    );
  }
  const classes = set.classes.length;
  const probabilities = new Float32Array(positions.length * classes);
  positions.forEach((at, i) => {
    probabilities.set(
      outOfFold.probabilities.subarray(at * classes, (at + 1) * classes),
      i * classes,
    );
  });
  const labels = Uint8Array.from(positions, (at) => itemAt(set.labels, at));
  const given = { labels, probabilities, classes };
  const { features, fold } = outOfFold;
  const neighbours =
    features &&
    (await findNeighbours(features, {
      positions,
      group: fold,
      k: NEIGHBOURS,
      signal: options.signal,
      onProgress: (done) => options.onProgress?.(done, positions.length),
    }));
  const learning = confidentLearning(given);
  const suspicion = suspectLabels(given, { noise: learning.noise, neighbours });
  const strange = rateNoFaces(set);
  const strangeness = Float64Array.from(positions, (at) => itemAt(strange, at));
  return {
    positions,
    probabilities,
    learning,
    suspicion,
    ...(neighbours && { neighbours }),
    byLabel: descending(suspicion.score),
    byNoFace: descending(strangeness),
    strangeness,
  };
}

/**
 * Indices of values from the highest to the lowest; equal values keep their order.
 *
 * @internal exported for tests.
 */
export function descending(values: Float64Array): Uint32Array {
  const compare = (a: number, b: number) => {
    const [x, y] = [itemAt(values, a), itemAt(values, b)];
    return x === y ? a - b : x > y ? -1 : 1;
  };
  return Uint32Array.from(Array.from(values.keys()).sort(compare));
}

/** Positions of the images of the Training split, or of all images. */
export function auditedPositions(set: ImageSet, all: boolean): Uint32Array {
  const positions = Array.from({ length: imageCount(set) }, (_, i) => i);
  return Uint32Array.from(all ? positions : positions.filter((i) => set.usage[i] === 0));
}
