import type { CommandContext } from "@mien/cli";
import { loadDataset, type Dataset } from "@mien/data";

/** Loads a data set with a progress bar; from the cache it is too fast to show one. */
export async function readDataset(
  csv: string | undefined,
  { terminal, signal }: Pick<CommandContext, "terminal" | "signal">,
): Promise<Dataset> {
  let bar: ReturnType<typeof terminal.progress> | undefined;
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  try {
    return await loadDataset({
      csv,
      signal,
      onProgress(done, total) {
        bar ??= terminal.progress("reading MB", megabytes(total));
        bar.update(megabytes(done));
      },
    });
  } finally {
    bar?.stop();
  }
}
