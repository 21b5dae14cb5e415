import type { FaceResult, FrameResult } from "@mien/format";

/** The result of a frame, as a pipeline gives it. */
export interface PipelineResult extends FrameResult {
  readonly faces: readonly PipelineFace[];
}

/**
 * A face in the result of a pipeline. As JSON it is a `FaceResult`, without `probabilityOf`: files of
 * results contain the labels once, not in every face.
 */
export interface PipelineFace extends FaceResult {
  /** The probability of each label, 0–1: `{ Happy: 0.96, Neutral: 0.02, … }`. */
  readonly probabilityOf: Readonly<Record<string, number>>;
}

/** @param labels in the order of the face's probabilities. */
export function withProbabilityOf(face: FaceResult, labels: readonly string[]): PipelineFace {
  const probabilityOf = Object.fromEntries(
    labels.map((label, i) => [label, face.probabilities[i] ?? 0]),
  );
  // Not enumerable, so that copies of the object to another thread do not fail on a function.
  return Object.defineProperty({ ...face, probabilityOf }, "toJSON", { value: () => face });
}
