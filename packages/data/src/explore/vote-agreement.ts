import { itemAt, type ImageSet } from "@mien/format";
import { voteColumns, voteWinners, type Votes } from "../set/ferplus.ts";

/** How the labels of a set agree with the votes of ten people (FER+). */
export interface VoteAgreement {
  readonly path: string;
  readonly sha256: string;
  /**
   * Columns of the matrix: the classes; `other`: contempt, unknown or not a face has the most votes;
   * `tie`: several answers share the most votes.
   */
  readonly columns: readonly string[];
  /** [class of the label][column], number of images. */
  readonly matrix: readonly (readonly number[])[];
  /** By class of the label: of the images for which one class has the most votes, the share for which it is another class, 0–1; null without such images. */
  readonly disagreement: readonly (number | null)[];
  /** The same for all classes. */
  readonly overall: number | null;
  /** CSV rows for whose label nobody voted, although most of the votes are for one other class; the clearest first. */
  readonly contradictedRows: readonly number[];
  /** CSV rows on which people disagree most: the votes have an entropy of at least `DISPUTED_FROM`; the largest first. */
  readonly disputedRows: readonly number[];
  /** CSV rows that most people call no face; the clearest first. */
  readonly noFaceRows: readonly number[];
  /** Number of images that all people call no face. */
  readonly unanimouslyNoFace: number;
}

/** Entropy of the votes in bits from which an image counts as disputed; 5 equal answers have 2.32. */
const DISPUTED_FROM = 2;

/** Compares the labels of a set with votes. */
export function compareWithVotes(set: ImageSet, votes: Votes): VoteAgreement {
  const { classes, labels } = set;
  const width = votes.columns.length;
  const winners = voteWinners(votes, classes);
  const columnOfClass = voteColumns(votes, classes);
  const votesOf = (i: number) => votes.counts.subarray(i * width, (i + 1) * width);
  const noFace = votes.columns.indexOf("NF");
  const [other, tie] = [classes.length, classes.length + 1];
  const matrix = classes.map(() => new Array<number>(classes.length + 2).fill(0));
  const [contradicted, disputed, faceless]: Ranked[][] = [[], [], []];
  let unanimouslyNoFace = 0;
  for (const [i, label] of labels.entries()) {
    const given = votesOf(i);
    const total = given.reduce((sum, n) => sum + n, 0);
    const most = Math.max(...given);
    const isTie = given.indexOf(most) !== given.lastIndexOf(most);
    const winner = itemAt(winners, i);
    const column = winner >= 0 ? winner : isTie ? tie : other;
    const row = itemAt(matrix, label);
    row[column] = itemAt(row, column) + 1;
    const forLabel = itemAt(given, itemAt(columnOfClass, label));
    if (winner >= 0 && forLabel === 0 && most > total / 2)
      contradicted?.push({ i, by: most / total });
    const entropy = entropyOf(given, total);
    if (entropy >= DISPUTED_FROM) disputed?.push({ i, by: entropy });
    const votesNoFace = itemAt(given, noFace);
    if (votesNoFace > total / 2) faceless?.push({ i, by: votesNoFace / total });
    if (total > 0 && votesNoFace === total) unanimouslyNoFace++;
  }
  const rows = (list: readonly Ranked[] = []) =>
    [...list].sort((a, b) => b.by - a.by || a.i - b.i).map(({ i }) => itemAt(set.row, i));
  const share = (agreeing: number, judged: number) => (judged === 0 ? null : 1 - agreeing / judged);
  const judged = matrix.map((row) => row.slice(0, classes.length).reduce((sum, n) => sum + n, 0));
  const agreeing = matrix.map((row, label) => itemAt(row, label));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    path: votes.path,
    sha256: votes.sha256,
    columns: [...classes, "other", "tie"],
    matrix,
    disagreement: agreeing.map((n, label) => share(n, itemAt(judged, label))),
    overall: share(sum(agreeing), sum(judged)),
    contradictedRows: rows(contradicted),
    disputedRows: rows(disputed),
    noFaceRows: rows(faceless),
    unanimouslyNoFace,
  };
}

interface Ranked {
  readonly i: number;
  readonly by: number;
}

/** In bits. */
function entropyOf(votes: Uint8Array, total: number): number {
  let entropy = 0;
  for (const n of votes) if (n > 0) entropy -= (n / total) * Math.log2(n / total);
  return entropy;
}

/** The votes for an image as text, the most frequent answer first: `Fear 6, Sad 3, unknown 1`. */
export function describeVotes(set: ImageSet, votes: Votes, position: number): string {
  const width = votes.columns.length;
  const columnOfClass = voteColumns(votes, set.classes);
  const nameOf = (column: number) => {
    const name = set.classes[columnOfClass.indexOf(column)] ?? votes.columns[column] ?? "";
    return name === "NF" ? "no face" : name;
  };
  return Array.from(votes.counts.subarray(position * width, (position + 1) * width))
    .map((count, column) => ({ count, column }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ count, column }) => `${nameOf(column)} ${count}`)
    .join(", ");
}
