/** The folders into which commands write without `--out`, relative to the repository. */
export const FOLDERS = {
  data: "artifacts/data",
  runs: "artifacts/runs",
  models: "artifacts/models",
  release: "artifacts/release",
} as const;
