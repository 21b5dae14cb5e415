import { itemAt, USAGES, type ImageSet } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import type { Audit } from "./audit-labels.ts";

const HEAD = [
  "rank",
  "row",
  "split",
  "label",
  "suggested",
  "suspicion",
  "probability of the label",
  "confident class",
  "strangeness",
];

/** The `count` images with the most suspicious labels as CSV, the most suspicious first. */
export function suspectsCsv(set: ImageSet, audit: Audit, count: number): string {
  const { positions, probabilities, suspicion, learning, strangeness } = audit;
  const nameOf = (label: number) => set.classes[label] ?? "";
  const rows = Array.from(audit.byLabel.subarray(0, count), (i, rank) => {
    const position = itemAt(positions, i);
    const label = itemAt(set.labels, position);
    const strange = itemAt(strangeness, i);
    return [
      rank + 1,
      itemAt(set.row, position),
      itemAt(USAGES, itemAt(set.usage, position)),
      nameOf(label),
      nameOf(itemAt(suspicion.suggestion, i)),
      itemAt(suspicion.score, i).toFixed(6),
      itemAt(probabilities, i * set.classes.length + label).toFixed(6),
      nameOf(itemAt(learning.confidentClass, i)),
      Number.isFinite(strange) ? strange.toFixed(4) : "blank",
    ];
  });
  return stringify([HEAD, ...rows]);
}
