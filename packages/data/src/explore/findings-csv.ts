import { itemAt, USAGES, type ImageSet } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import { describeBadRow } from "../csv/row-collector.ts";
import type { Votes } from "../set/ferplus.ts";
import { rowPositions } from "../set/row-positions.ts";
import type { ExploreReport } from "./dataset-report.ts";
import type { NearRows } from "./duplicates.ts";
import type { FoundGroup, FoundImages } from "./galleries.ts";
import { describeVotes } from "./vote-agreement.ts";

/**
 * All findings about single rows as CSV with the columns `row` (of the data set; the first row after
 * the header is 0), `kind` (a `FindingKind`, or `invalid`), `group` (rows with the same group are
 * copies of each other; else empty) and `detail` (split, label and what was found).
 */
export function findingsCsv(
  set: ImageSet,
  report: ExploreReport,
  given: { readonly found: readonly FoundImages[]; readonly votes: Votes | undefined },
): string {
  const positionOf = rowPositions(set);
  const rows = given.found.flatMap(({ kind, groups }) =>
    groups.flatMap((group) => {
      const best = bestPairs(group);
      return group.rows.map((row) => {
        const position = positionOf(row) ?? 0;
        const split = USAGES[itemAt(set.usage, position)];
        const label = set.classes[itemAt(set.labels, position)];
        const parts = [split, label, ...(group.name === "" ? [] : [similarityOf(row, best)])];
        if (given.votes !== undefined && VOTED.has(kind)) {
          parts.push(`votes ${describeVotes(set, given.votes, position)}`);
        }
        return [row, kind, group.name, parts.filter((part) => part !== "").join("; ")];
      });
    }),
  );
  const invalid = report.skippedRows.map((bad) => [bad.row, "invalid", "", describeBadRow(bad)]);
  return stringify([["row", "kind", "group", "detail"], ...rows, ...invalid]);
}

const VOTED: ReadonlySet<string> = new Set(["contradicted-label", "disputed", "no-face"]);

/** The most similar pair of each row. */
function bestPairs({ pairs }: FoundGroup): Map<number, NearRows> {
  const best = new Map<number, NearRows>();
  for (const pair of pairs) {
    for (const row of pair.rows) if (!best.has(row)) best.set(row, pair);
  }
  return best;
}

/** Empty for an exact copy. */
function similarityOf(row: number, best: ReadonlyMap<number, NearRows>): string {
  const pair = best.get(row);
  if (pair === undefined) return "";
  const other = pair.rows[0] === row ? pair.rows[1] : pair.rows[0];
  return `similarity ${pair.similarity} to row ${other}${pair.mirrored ? ", mirrored" : ""}`;
}
