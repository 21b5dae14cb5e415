export {
  ferplusOption,
  findVotes,
  identifyVotes,
  loadVotes,
  voteColumns,
  voteDistribution,
  voteWinners,
  VOTE_COLUMNS,
  type VoteOptions,
  type Votes,
} from "./set/ferplus.ts";
export * from "./set/load-dataset.ts";
export { loadWithProgress, skipBadRowsOption } from "./set/load-with-progress.ts";
export { locateDataset } from "./set/locate-dataset.ts";
export { describeBadRow, type BadRow } from "./csv/row-collector.ts";
export { synthesize } from "./synth/synthesize.ts";
