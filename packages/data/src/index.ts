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
export { groupCopies } from "./set/group-copies.ts";
export * from "./set/load-dataset.ts";
export { loadWithProgress, skipBadRowsOption } from "./set/load-with-progress.ts";
export { describeSplit, parseSplit, resolveSplit, splitSizes } from "./set/resolve-split.ts";
export { synthesize } from "./synth/synthesize.ts";
