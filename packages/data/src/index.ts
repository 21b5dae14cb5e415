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
export * from "./set/load-dataset.ts";
export { loadWithProgress, skipBadRowsOption } from "./set/load-with-progress.ts";
export { synthesize } from "./synth/synthesize.ts";
