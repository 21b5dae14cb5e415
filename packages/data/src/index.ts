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
} from "./ferplus.ts";
export * from "./load.ts";
export { loadWithProgress, skipBadRowsOption } from "./load-with-progress.ts";
export { locateDataset } from "./locate.ts";
export { describeBadRow, type BadRow } from "./csv/row-collector.ts";
export { synthesize } from "./synth/synthesize.ts";
