import type { Terminal } from "@mien/cli";
import {
  applyClasses,
  correctImages,
  countSplitLeaks,
  describeClasses,
  describeCorrections,
  describeLeaks,
  findPictures,
  findVotes,
  hashSplit,
  loadVotes,
  loadWithProgress,
  MOST_IN_MEMORY,
  resolveSplit,
  splitSizes,
  type Votes,
} from "@mien/data";
import { itemAt, officialSplit, type ImageSet, type Split } from "@mien/format";
import type { TargetSources } from "../batch/targets.ts";
import { mapTeacher, readTeacher } from "../batch/teacher.ts";
import type { FitRequest } from "./fit-request.ts";

/** The images that a run is trained and validated on, and what it learns about them. */
export interface FitImages {
  readonly set: ImageSet;
  /** The whole splits; of `train`, corrections may leave images out. */
  readonly split: Split;
  /** Positions of the training images. */
  readonly train: Uint32Array;
  readonly sources: TargetSources;
  /** Number of invalid rows that were left out. */
  readonly skippedRows: number;
  /** SHA-256 of the splits, unless they are the official ones. */
  readonly splitSha256: string | undefined;
  /** Lines for the user: sizes of the splits, corrections, leaks, classes. */
  readonly description: readonly string[];
  /** Votes for an evaluation of a run with merged classes that was not trained on votes. */
  evaluationVotes(): Promise<Votes | undefined>;
}

/**
 * Loads the images of a run. Validation and test labels stay as published, so that the figures of
 * runs can be compared.
 *
 * @param options.ferplus file of votes; default the one that belongs to the data set.
 * @param options.splitSha256 of the splits that an unfinished run was trained with.
 * @throws {MienError} `mismatch` if the splits are others by now; what loading the files throws.
 */
export async function loadFitImages(
  request: FitRequest,
  options: {
    readonly skipBadRows: boolean | undefined;
    readonly ferplus: string | undefined;
    readonly splitSha256: string | undefined;
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
  },
): Promise<FitImages> {
  const { requested, choice, merged, corrections } = request;
  const { skipBadRows, ferplus, splitSha256, terminal, signal } = options;
  const { path: csv, sha256 } = requested.data;
  const { set: whole, skipped } = await loadWithProgress(
    { csv, skipBadRows, signal, mostInMemory: MOST_IN_MEMORY },
    terminal,
  );
  const isOfficial = choice.split === "official";
  if (!isOfficial) terminal.say("searching copies and near-copies");
  const pictures = isOfficial ? undefined : await findPictures(whole);
  const wholeSplit = await resolveSplit(whole, { ...choice, splitSha256 }, pictures);
  const corrected = corrections && correctImages(whole, corrections, wholeSplit.train);
  const images = applyClasses(corrected?.set ?? whole, wholeSplit, merged.text);
  const { set, split } = images;
  const droppedRows = new Set(corrected?.dropped.map((position) => itemAt(whole.row, position)));
  const sources = {
    votes: requested.votes && images.votes(await loadVotes({ ferplus, csv, set: whole, signal })),
    teacher:
      requested.teacher &&
      mapTeacher(await readTeacher(requested.teacher.path, { set: whole, data: sha256 }), images),
  };
  const leaks =
    pictures &&
    describeLeaks(
      countSplitLeaks(whole, officialSplit(whole), pictures),
      countSplitLeaks(whole, wholeSplit, pictures),
    );
  return {
    set,
    split,
    train: split.train.filter((position) => !droppedRows.has(itemAt(set.row, position))),
    sources,
    skippedRows: skipped.length,
    splitSha256: isOfficial ? undefined : hashSplit(wholeSplit),
    description: [
      ...splitSizes(set, split, choice),
      ...(corrected ? [describeCorrections(corrected.counts)] : []),
      ...(leaks === undefined ? [] : [leaks]),
      ...describeClasses(whole, merged),
    ],
    // FER+ has no votes for merged classes, so those of the data set are merged likewise.
    evaluationVotes: async () => {
      if (merged.text === "") return undefined;
      const votes = await findVotes({ csv, set: whole, signal }).catch(() => undefined);
      return votes && images.votes(votes);
    },
  };
}
