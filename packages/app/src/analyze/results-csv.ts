import type { FaceResult, FrameResult } from "@mien/format";
import { csvRow } from "./results-csv-row.ts";

/**
 * The first row of a table of faces. Columns are called as in `FrameResult`, `box` and `person`
 * being several; one column a probability, named after its label.
 */
export function csvHeader(labels: readonly string[]): string {
  const columns = [
    ...["source", "frame", "timeMs", "track", "x", "y", "width", "height", "score"],
    ...["distanceMm", "relief", "person", "personDistance", "expression", "confirmed"],
    "quorumReached",
    ...labels.map((label) => `p_${label}`),
  ];
  return csvRow(columns);
}

/** One line a face; a frame without faces has none. Unknown values are empty. */
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
