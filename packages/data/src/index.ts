export {
  ferplusOption,
  findVotes,
  loadVotes,
  voteDistribution,
  voteWinners,
  type VoteOptions,
  type Votes,
} from "./ferplus.ts";
export * from "./load.ts";
export { loadWithProgress, skipBadRowsOption } from "./load-with-progress.ts";
export { locateDataset } from "./locate.ts";
export { describeBadRow, type BadRow } from "./row-collector.ts";
export { synthesize } from "./synth/synthesize.ts";
