import { drawHeatmap, escapeHtml } from "@mien/plot";
import type { SplitMetrics } from "@mien/format";
import { normalisedConfusion } from "../score/metrics.ts";

/** A confusion matrix normalised by row (each actual class), as PNG. */
export function drawConfusionMatrix(
  metrics: SplitMetrics,
  classes: readonly string[],
  split: string,
): Buffer {
  return drawHeatmap({
    values: normalisedConfusion(metrics.confusion),
    rows: classes,
    columns: classes,
    title: `Confusion on ${split}: ${(100 * metrics.accuracy).toFixed(2)} % of ${metrics.images} right`,
    rowTitle: "actual",
    columnTitle: "predicted",
  });
}

/** A confusion matrix as HTML: shares of each actual class, and below them the numbers of images. */
export function confusionTable(
  confusion: SplitMetrics["confusion"],
  classes: readonly string[],
): string {
  const shares = normalisedConfusion(confusion);
  const rows = classes.map((name, actual) => {
    const cells = (shares[actual] ?? []).map((share, predicted) => {
      const strength = Number.isNaN(share) ? 0 : Math.round(100 * share);
      const colour = strength >= 60 ? "var(--heat-text)" : "inherit";
      return `<td style="background: color-mix(in srgb, var(--heat) ${strength}%, var(--card)); color: ${colour}">${Number.isNaN(share) ? "–" : share.toFixed(2)}<small>${confusion[actual]?.[predicted] ?? 0}</small></td>`;
    });
    return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join("")}</tr>`;
  });
  const head = classes.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  return `<div class="scroll card confusion"><table><thead><tr><th>actual ↓ predicted →</th>${head}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}
