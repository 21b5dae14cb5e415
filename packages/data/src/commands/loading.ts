import type { Terminal } from "@mien/cli";
import { loadDataset, type Dataset, type LoadOptions } from "../load.ts";

/** `--skip-bad-rows`, for commands that read a data set. */
export const skipBadRowsOption = {
  type: "boolean",
  description: "go on after wrong rows and report them, instead of stopping at the first",
} as const;

/** Loads a data set with a progress bar, and shows its warnings. */
export async function loadWithProgress(
  options: Omit<LoadOptions, "onProgress">,
  terminal: Terminal,
): Promise<Dataset> {
  let progress: ReturnType<Terminal["progress"]> | undefined;
  try {
    const dataset = await loadDataset({
      ...options,
      onProgress: (done, total) => {
        progress ??= terminal.progress("reading", total);
        progress.update(done);
      },
    });
    dataset.warnings.forEach((warning) => terminal.warn(`warning: ${warning}`));
    return dataset;
  } finally {
    progress?.stop();
  }
}
