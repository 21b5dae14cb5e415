import { ExpressionClassifier, type Pipeline } from "@mien/runtime";

/** A pipeline for pictures that show one face and nothing else: the whole frame is the face. */
export async function openCropped(model: string, options: { threads: number }): Promise<Pipeline> {
  const classifier = await ExpressionClassifier.open(model, options);
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
        source: frame.path ?? "",
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
