import type { FaceResult, FrameResult } from "@mien/format";
import { csvRow } from "./csv-row.ts";

const COLUMNS = [
  "source",
  "frame",
  "timeMs",
  "track",
  "x",
  "y",
  "width",
  "height",
  "score",
  "distanceMm",
  "relief",
  "person",
  "personDistance",
  "expression",
  "confirmed",
  "quorumReached",
] as const;

/**
 * The first row of a table of faces. Columns are named as in `FrameResult`; `box` and `person` are
 * split into several, and each label has a column with its probability, `p_LABEL`.
 */
export function csvHeader(labels: readonly string[]): string {
  return csvRow([...COLUMNS, ...labels.map((label) => `p_${label}`)]);
}

/** One row for each face of a frame. Unknown values are empty. */
export function csvLines({ source, frame, timeMs, faces }: FrameResult): string[] {
  return faces.map((face: FaceResult) =>
    csvRow([
      source,
      frame,
      timeMs,
      face.track,
      ...face.box,
      face.score,
      face.distanceMm,
      face.relief,
      face.person?.name ?? null,
      face.person?.distance ?? null,
      face.expression,
      face.confirmed,
      face.quorumReached,
      ...face.probabilities.map((probability) => probability.toPrecision(6)),
    ]),
  );
}
