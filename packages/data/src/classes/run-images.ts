import {
  itemAt,
  mergeClasses,
  imageAt,
  imageSize,
  type ImageSet,
  type MergedClasses,
  type Split,
  type SplitChoice,
} from "@mien/format";
import type { Pictures } from "../near/pictures.ts";
import { voteColumnOf, type Votes } from "../set/ferplus.ts";
import { resolveSplit } from "../split/resolve-split.ts";

/** The fields of a run's configuration that determine its images. */
export interface RunImagesChoice extends Partial<SplitChoice> {
  readonly splitSha256?: string | undefined;
  /** Groups of classes in the form of `mergeClasses`; absent if all classes are kept. */
  readonly classGroups?: string | undefined;
}

/** The images that a run is trained and evaluated on. */
export interface RunImages {
  /** The data set with the classes of the run, without images of dropped classes. */
  readonly set: ImageSet;
  /** Positions in `set`. */
  readonly split: Split;
  /** Votes of the data set as votes of `set`: those for merged classes are added up. */
  votes(votes: Votes): Votes;
  /**
   * Probabilities [N, classes] for the images of the data set as probabilities for `set`. Those of
   * dropped classes are left out, and a row is divided by its sum; a row of zeros stays one.
   */
  probabilities(probabilities: Float32Array): Float32Array;
}

/**
 * The images of a run: the splits of the data set, with classes merged and dropped.
 *
 * The split is made before classes are merged. Therefore runs with different classes and the same
 * split have the same images in each split, except for dropped ones.
 *
 * @param whole the data set.
 * @param pictures of the data set; see `resolveSplit`.
 * @throws {MienError} what `resolveSplit` and `mergeClasses` throw.
 */
export async function runImages(
  whole: ImageSet,
  { classGroups = "", ...choice }: RunImagesChoice,
  pictures?: Pictures,
): Promise<RunImages> {
  return applyClasses(whole, await resolveSplit(whole, choice, pictures), classGroups);
}

/**
 * Merges and drops classes of a data set that is split already.
 *
 * @param split positions in the whole set.
 * @param classGroups groups in the form of `mergeClasses`; an empty text changes nothing.
 * @throws {MienError} what `mergeClasses` throws.
 */
export function applyClasses(whole: ImageSet, split: Split, classGroups: string): RunImages {
  const merged = mergeClasses(classGroups, whole.classes, { what: "--classes" });
  if (merged.text === "") {
    return { set: whole, split, votes: (votes) => votes, probabilities: (values) => values };
  }
  const { set, kept } = mergeSet(whole, merged);
  const places = new Map(Array.from(kept, (position, place) => [position, place]));
  const part = (positions: Uint32Array) =>
    Uint32Array.from(Array.from(positions).flatMap((position) => places.get(position) ?? []));
  return {
    set,
    split: {
      rule: split.rule,
      train: part(split.train),
      validation: part(split.validation),
      test: part(split.test),
    },
    votes: (votes) => mergeVotes(votes, { whole, merged, kept }),
    probabilities: (values) => {
      const count = merged.labels.length;
      const sums = merged.merge(values);
      return Float32Array.from({ length: kept.length * count }, (_, i) => {
        const start = itemAt(kept, Math.floor(i / count)) * count;
        const total = sums.subarray(start, start + count).reduce((sum, value) => sum + value, 0);
        return total === 0 ? 0 : itemAt(sums, start + (i % count)) / total;
      });
    },
  };
}

/**
 * A set with merged classes, without images of dropped classes.
 *
 * @returns also the positions of the kept images in the whole set.
 */
function mergeSet(
  whole: ImageSet,
  merged: MergedClasses,
): { readonly set: ImageSet; readonly kept: Uint32Array } {
  const targetOf = (position: number) => itemAt(merged.targets, itemAt(whole.labels, position));
  const kept = Uint32Array.from(whole.labels.keys()).filter((position) => targetOf(position) >= 0);
  const { classes: _, ...layout } = whole;
  const labels = Uint8Array.from(kept, targetOf);
  if (kept.length === whole.labels.length) {
    return { set: { ...layout, classes: merged.labels, labels }, kept };
  }
  const size = imageSize(whole);
  const pixels = new Uint8Array(kept.length * size);
  kept.forEach((position, place) => pixels.set(imageAt(whole, position), place * size));
  return {
    kept,
    set: {
      ...layout,
      classes: merged.labels,
      pixels,
      labels,
      usage: Uint8Array.from(kept, (position) => itemAt(whole.usage, position)),
      row: kept.map((position) => itemAt(whole.row, position)),
    },
  };
}

/** The largest number of votes that a column holds. */
const MOST_VOTES = 255;

function mergeVotes(
  votes: Votes,
  about: {
    readonly whole: ImageSet;
    readonly merged: MergedClasses;
    readonly kept: Uint32Array;
  },
): Votes {
  const { whole, merged, kept } = about;
  const columnOf = whole.classes.map((name) => votes.columns.indexOf(voteColumnOf(name)));
  // Votes for dropped classes stay in their columns, as votes for what is no class.
  const others = [...votes.columns.keys()].filter((column) => {
    const label = columnOf.indexOf(column);
    return label < 0 || itemAt(merged.targets, label) < 0;
  });
  const sources = [
    ...merged.labels.map((_, target) =>
      columnOf.filter((column, label) => column >= 0 && merged.targets[label] === target),
    ),
    ...others.map((column) => [column]),
  ];
  const columns = sources.map((from, i) => {
    const name = merged.labels[i];
    return name === undefined ? itemAt(votes.columns, from[0] ?? 0) : voteColumnOf(name);
  });
  const width = votes.columns.length;
  const counts = Uint8Array.from({ length: kept.length * sources.length }, (_, i) => {
    const start = itemAt(kept, Math.floor(i / sources.length)) * width;
    const from = itemAt(sources, i % sources.length);
    const sum = from.reduce((total, column) => total + itemAt(votes.counts, start + column), 0);
    return Math.min(MOST_VOTES, sum);
  });
  return { ...votes, columns, counts };
}
