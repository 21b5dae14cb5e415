import { ExpressionClassifier, type FrameProcessor } from "@mien/runtime";

/**
 * Opens a model for pictures that show one cropped face each: the whole picture is classified, and
 * faces are not detected. Results have neither tracks nor people.
 *
 * @param model path of the expression model.
 * @param options.merge classes to merge, see the setting of the pipeline.
 * @param options.source the source in results of frames that have no path of their own.
 */
export async function openCropped(
  model: string,
  options: { readonly threads: number; readonly merge: string; readonly source: string },
): Promise<FrameProcessor> {
  const { threads, merge, source } = options;
  const classifier = await ExpressionClassifier.open(model, { threads, merge });
  return {
    labels: classifier.labels,
    async process(frame, { signal } = {}) {
      signal?.throwIfAborted();
      const { width, height } = frame;
      const started = performance.now();
      const image = { width, height, channels: 3, data: frame.pixels } as const;
      const { expression, probabilities } = await classifier.classify(image);
      const total = Math.round((performance.now() - started) * 1000) / 1000;
      return {
        type: "frame",
        source: frame.path ?? source,
        frame: frame.index ?? 0,
        timeMs: frame.timeMs ?? 0,
        width,
        height,
        timings: { classify: total, total },
        faces: [
          {
            track: null,
            box: [0, 0, width, height],
            score: 1,
            distanceMm: null,
            relief: "unknown",
            person: null,
            probabilities,
            expression,
            confirmed: null,
            quorumReached: null,
          },
        ],
      };
    },
    reset: () => undefined,
    close: () => classifier.close(),
  };
}
