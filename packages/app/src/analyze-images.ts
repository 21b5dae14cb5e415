import { MienError, type FrameResult } from "@mien/format";
import type { ExpressionClassifier } from "@mien/runtime";
import { decodeImage } from "./images/decode-image.ts";

/** An image that could not be read, and why. */
export interface FailedImage {
  readonly file: string;
  readonly reason: string;
}

/** What became of a list of images. */
export interface AnalyzedImages {
  /** One for each image that could be read, in order; `frame` is its place in the list. */
  readonly results: readonly FrameResult[];
  readonly failed: readonly FailedImage[];
}

/**
 * Reads the expression in each of a list of images that show one face and nothing else.
 *
 * An image that cannot be read is noted, and the rest goes on.
 *
 * @param options.onProgress is told after each image how many are done.
 * @throws {MienError} `interrupted` when the signal fires; whatever else is not an image's fault.
 */
export async function analyzeCroppedImages(
  files: readonly string[],
  classifier: ExpressionClassifier,
  options: { signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<AnalyzedImages> {
  const opened = performance.now();
  const results: FrameResult[] = [];
  const failed: FailedImage[] = [];
  for (const [frame, file] of files.entries()) {
    if (options.signal?.aborted) {
      throw new MienError("interrupted", `${frame} of ${files.length} images were read`);
    }
    try {
      const start = performance.now();
      const image = await decodeImage(file);
      const decoded = performance.now();
      const { expression, probabilities } = await classifier.classify(image);
      const classified = performance.now();
      results.push({
        source: file,
        frame,
        timeMs: milliseconds(start - opened),
        timings: {
          decode: milliseconds(decoded - start),
          classify: milliseconds(classified - decoded),
        },
        faces: [
          {
            track: null,
            box: [0, 0, image.width, image.height],
            score: 1,
            distanceMm: null,
            relief: "unknown",
            person: null,
            probabilities,
            expression,
            confirmed: null,
          },
        ],
      });
    } catch (error) {
      const isItsOwnFault =
        error instanceof MienError && (error.code === "bad-image" || error.code === "missing-file");
      if (!isItsOwnFault) throw error;
      failed.push({ file, reason: error.message });
    }
    options.onProgress?.(frame + 1);
  }
  return { results, failed };
}

/** Microseconds are precise enough for a file that people read. */
function milliseconds(duration: number): number {
  return Math.round(duration * 1000) / 1000;
}
