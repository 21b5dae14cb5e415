import path from "node:path";
import { stopIfAborted } from "@mien/bench";
import { imageAt, imageCount, type ImageSet } from "@mien/format";
import sharp from "sharp";

/** Number of files that are written at the same time. */
const LANES = 64;

/**
 * Writes the images of a set as `0.png`, `1.png`, … in the order of the set.
 *
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function writeImageFiles(
  set: ImageSet,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const { width, height } = set;
  const channels = set.channels === 3 ? 3 : 1;
  const count = imageCount(set);
  for (let from = 0; from < count; from += LANES) {
    stopIfAborted(signal);
    const lanes = Array.from({ length: Math.min(LANES, count - from) }, (_, k) => from + k);
    await Promise.all(
      lanes.map((i) =>
        sharp(imageAt(set, i), { raw: { width, height, channels } })
          .toColourspace(channels === 1 ? "b-w" : "srgb")
          .png({ compressionLevel: 3 })
          .toFile(path.join(folder, `${i}.png`)),
      ),
    );
  }
}
