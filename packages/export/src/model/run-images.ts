import { existsSync } from "node:fs";
import { loadDataset } from "@mien/data";
import { imageSize, MienError, officialSplit, type RunConfig } from "@mien/format";

/** Images of one part of a run's data set. */
export interface Part {
  /** [N, height, width, channels] */
  readonly pixels: Uint8Array;
  /** [N] */
  readonly labels: Uint8Array;
  /** [N] rows of the CSV. */
  readonly rows: Uint32Array;
}

/** Where the data is, and how far reading it is. */
export interface PartOptions {
  /** The data set; by default the file that the run was trained on, else looked for as always. */
  readonly csv?: string | undefined;
  /** At most so many images, evenly spread; default all. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes read. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Reads a part of the data set that a run was trained on.
 *
 * @throws {MienError} `mismatch` if the file is another data set; what loading it throws.
 */
export async function loadPart(
  { data, name }: RunConfig,
  part: "train" | "validation",
  options: PartOptions,
): Promise<Part> {
  const { csv, limit = Infinity, signal, onProgress } = options;
  const { set, sha256, path } = await loadDataset({
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
      { advice: `Name the file that it was trained on: --csv FILE; it was ${data.path}.` },
    );
  }
  const all = officialSplit(set)[part];
  const stride = Math.max(1, all.length / limit);
  const positions = Uint32Array.from(
    { length: Math.ceil(all.length / stride) },
    (_, i) => all[Math.floor(i * stride)] as number,
  );
  const size = imageSize(set);
  const pixels = new Uint8Array(positions.length * size);
  positions.forEach((position, i) => {
    pixels.set(set.pixels.subarray(position * size, (position + 1) * size), i * size);
  });
  return {
    pixels,
    labels: Uint8Array.from(positions, (position) => set.labels[position] as number),
    rows: Uint32Array.from(positions, (position) => set.row[position] as number),
  };
}
