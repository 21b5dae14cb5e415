import type { Terminal } from "@mien/cli";
import { loadDataset, type Dataset, type LoadOptions } from "./load-dataset.ts";
import { describeBadRow } from "../csv/row-collector.ts";

const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);

/** Number of invalid rows that are printed one by one. */
const SHOWN_ROWS = 5;

/** `--skip-bad-rows`, for commands that read a data set. */
export const skipBadRowsOption = {
  type: "boolean",
  description: "Skip and report invalid rows instead of stopping at the first",
  group: "data",
} as const;

/**
 * Loads a data set with a progress bar (not shown when it comes from the cache), and prints
 * warnings and the rows that were skipped. Throws what `loadDataset` throws.
 */
export async function loadWithProgress(
  options: Omit<LoadOptions, "onProgress" | "terminal">,
  terminal: Terminal,
): Promise<Dataset> {
  let progress: ReturnType<Terminal["progress"]> | undefined;
  const dataset = await loadDataset({
    ...options,
    terminal,
    onProgress: (done, total) => {
      progress ??= terminal.progress("reading MB", megabytes(total));
      progress.update(megabytes(done));
    },
  }).finally(() => progress?.stop());
  report(dataset, terminal);
  return dataset;
}

function report({ warnings, skipped }: Dataset, terminal: Terminal): void {
  for (const warning of warnings) terminal.warn(`warning: ${warning}`);
  if (skipped.length === 0) return;
  terminal.warn(
    `${skipped.length} invalid ${skipped.length === 1 ? "row is" : "rows are"} left out:`,
  );
  for (const bad of skipped.slice(0, SHOWN_ROWS)) terminal.warn(`  ${describeBadRow(bad)}`);
  if (skipped.length > SHOWN_ROWS) terminal.warn(`  … and ${skipped.length - SHOWN_ROWS} more`);
}
