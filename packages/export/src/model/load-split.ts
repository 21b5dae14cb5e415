import { existsSync } from "node:fs";
import { loadDataset, runImages } from "@mien/data";
import { imagesAt, itemAt, MienError, type RunConfig } from "@mien/format";

/** Images of one split of a run's data set. */
export interface SplitImages {
  /** [N, height, width, channels], 0–255. */
  readonly pixels: Uint8Array;
  /** [N] positions in the run's classes. */
  readonly labels: Uint8Array;
  /** [N] rows of the CSV that the images come from. */
  readonly rows: Uint32Array;
}

/** The source and the size of a split. */
export interface SplitOptions {
  /**
   * Path of the data set. Default: the file that the run was trained on, or, if it is missing, the
   * default data set of `loadDataset`.
   */
  readonly csv?: string | undefined;
  /** The largest number of images, evenly spaced over the split; default all. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes read and the size of the file. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Reads one split of the data set that a run was trained on.
 *
 * @throws {MienError} `mismatch` if the file is another data set; the errors of `loadDataset`.
 */
export async function loadSplit(
  config: RunConfig,
  split: "train" | "validation",
  options: SplitOptions,
): Promise<SplitImages> {
  const { data, name } = config;
  const { csv, limit = Infinity, signal, onProgress } = options;
  const {
    set: whole,
    sha256,
    path,
  } = await loadDataset({
    csv: csv ?? (existsSync(data.path) ? data.path : undefined),
    skipBadRows: (data.skippedRows ?? 0) > 0,
    signal,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  if (sha256 !== data.sha256) {
    throw new MienError(
      "mismatch",
      `run ${name} was trained on ${data.name} with SHA-256 ${data.sha256.slice(0, 12)}…, ` +
        `${path} has ${sha256.slice(0, 12)}…`,
      { advice: `Pass the file that it was trained on as --csv FILE; it was ${data.path}.` },
    );
  }
  const { set, split: splits } = await runImages(whole, config);
  const all = splits[split];
  const stride = Math.max(1, all.length / limit);
  const positions = Uint32Array.from({ length: Math.ceil(all.length / stride) }, (_, i) =>
    itemAt(all, Math.floor(i * stride)),
  );
  return {
    pixels: imagesAt(set, positions),
    labels: Uint8Array.from(positions, (position) => itemAt(set.labels, position)),
    rows: Uint32Array.from(positions, (position) => itemAt(set.row, position)),
  };
}
