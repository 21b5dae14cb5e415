export { correctImages, describeCorrections } from "./set/corrections.ts";
export {
  ferplusOption,
  findVotes,
  identifyVotes,
  loadVotes,
  voteColumns,
  voteWinners,
  VOTE_COLUMNS,
  type Votes,
} from "./set/ferplus.ts";
export { groupCopies, groupPositions } from "./near/group-copies.ts";
export { kFold } from "./split/k-fold.ts";
export { countSplitLeaks, describeLeaks } from "./explore/leaks.ts";
export { findPictures, type Pictures } from "./near/pictures.ts";
export * from "./set/load-dataset.ts";
export { loadWithProgress, skipBadRowsOption } from "./set/load-with-progress.ts";
export { correctionsOption, readCorrections, type Corrections } from "./set/read-corrections.ts";
export { applyClasses, runImages, type RunImages } from "./classes/run-images.ts";
export { CLASSES_DETAILS, classesOption, describeClasses } from "./classes/describe-classes.ts";
export { hashSplit, resolveSplit, splitSizes } from "./split/resolve-split.ts";
export {
  chooseSplit,
  describeSplit,
  parseSplit,
  SPLIT_DETAILS,
  splitOptions,
} from "./split/split-name.ts";
export { synthesize } from "./synth/synthesize.ts";
