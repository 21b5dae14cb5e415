import { itemAt, MienError, type ImageSet } from "@mien/format";
import { voteWinners, type Votes } from "../set/ferplus.ts";

/** The lengths of a list of suspicious images at which it is judged. */
const LENGTHS = [100, 200, 500, 1000, 2000] as const;
/** Number of images that are judged as no faces. */
const NO_FACES = 200;

/** How often the votes contradict the labels of some images. */
export interface Contradictions {
  /** Number of images. */
  readonly images: number;
  /** Number of images for which one class of the data set has the most votes. */
  readonly judged: number;
  /** Number of judged images for which this class is not the label. */
  readonly contradicted: number;
  /** `contradicted` / `judged`, 0–1; null without judged images. */
  readonly precision: number | null;
  /** `contradicted` / `images`: images without a winner count as right, 0–1; null without images. */
  readonly ofAll: number | null;
}

/** What the votes say about a ranking of images by how suspicious their labels are. */
export interface LabelJudgement {
  /** All ranked images: the precision of a list in random order. */
  readonly base: Contradictions;
  /** The first 100, 200, 500, 1,000 and 2,000 images, as far as there are so many. */
  readonly first: readonly Contradictions[];
}

/** What the votes say about a ranking of images by how little they look like faces. */
export interface NoFaceJudgement {
  /** Number of all ranked images, and of those that all voters call no face. */
  readonly all: { readonly images: number; readonly noFaces: number };
  readonly first: { readonly images: number; readonly noFaces: number };
  /** Share of no faces among the first, divided by the share among all; null without any. */
  readonly times: number | null;
}

/** Judges a ranking by the winners of the votes (`voteWinners`), which no audit may read. */
export function judgeLabels(
  set: ImageSet,
  votes: Votes,
  ranking: ArrayLike<number>,
): LabelJudgement {
  const winners = voteWinners(votes, set.classes);
  const first = LENGTHS.filter((length) => length <= ranking.length);
  const judgeFirst = (length: number) => contradictionsIn({ set, winners, ranking, length });
  return { base: judgeFirst(ranking.length), first: first.map(judgeFirst) };
}

function contradictionsIn(given: {
  readonly set: ImageSet;
  readonly winners: Int16Array;
  readonly ranking: ArrayLike<number>;
  readonly length: number;
}): Contradictions {
  const { set, winners, ranking, length } = given;
  let [judged, contradicted] = [0, 0];
  for (let i = 0; i < length; i++) {
    const position = ranking[i] ?? 0;
    const winner = itemAt(winners, position);
    if (winner < 0) continue;
    judged++;
    if (winner !== itemAt(set.labels, position)) contradicted++;
  }
  return {
    images: length,
    judged,
    contradicted,
    precision: judged === 0 ? null : contradicted / judged,
    ofAll: length === 0 ? null : contradicted / length,
  };
}

/** The precision after each image of a ranking, as points for a chart: at most 200 of them. */
export function precisionCurve(
  set: ImageSet,
  votes: Votes,
  ranking: ArrayLike<number>,
): { readonly images: number; readonly precision: number }[] {
  const winners = voteWinners(votes, set.classes);
  const longest = Math.min(ranking.length, itemAt(LENGTHS, LENGTHS.length - 1));
  const points = [];
  const step = Math.max(10, Math.ceil(longest / 200));
  for (let length = Math.min(50, longest); length > 0 && length <= longest; length += step) {
    const { precision } = contradictionsIn({ set, winners, ranking, length });
    if (precision !== null) points.push({ images: length, precision });
  }
  return points;
}

/**
 * Judges a ranking by the votes for “no face”: an image counts if all ten voters say so.
 *
 * @throws {MienError} `unsupported` if the votes have no such column.
 */
export function judgeNoFaces(votes: Votes, ranking: ArrayLike<number>): NoFaceJudgement {
  const column = votes.columns.indexOf("NF");
  if (column < 0) throw new MienError("unsupported", "the votes have no column NF (no face)");
  const width = votes.columns.length;
  const isNoFace = (position: number) => {
    const given = votes.counts.subarray(position * width, (position + 1) * width);
    const total = given.reduce((sum, n) => sum + n, 0);
    return total > 0 && itemAt(given, column) === total;
  };
  const countIn = (length: number) => ({
    images: length,
    noFaces: Array.from({ length }, (_, i) => ranking[i] ?? 0).filter(isNoFace).length,
  });
  const all = countIn(ranking.length);
  const first = countIn(Math.min(NO_FACES, ranking.length));
  const times =
    all.noFaces === 0 ? null : first.noFaces / first.images / (all.noFaces / all.images);
  return { all, first, times };
}
