import { COLOURS, escapeHtml, htmlTable, renderChart } from "@mien/plot";
import { labelledRows } from "../score/calibration.ts";
import type { Predictions } from "../score/predictions.ts";
import { classCurves, type ClassCurves, type CurvePoint } from "../score/ranking-curves.ts";
import { meanOfKnown } from "../score/total.ts";
import { count, percent } from "./numbers.ts";
import { chartFigure, colourOf, round, shareAxes } from "./svg-chart.ts";

/** The two kinds of curves, with the texts of their charts. */
const KINDS = {
  roc: {
    title: "ROC",
    area: "ROC AUC",
    x: "false positive rate",
    y: "true positive rate",
    points: ({ roc }: ClassCurves) => roc,
    areaOf: ({ rocAuc }: ClassCurves) => rocAuc,
  },
  precisionRecall: {
    title: "Precision and recall",
    area: "average precision",
    x: "recall",
    y: "precision",
    points: ({ precisionRecall }: ClassCurves) => inSteps(precisionRecall),
    areaOf: ({ averagePrecision }: ClassCurves) => averagePrecision,
  },
} as const;

/** A curve of one class. */
interface NamedCurve {
  readonly name: string;
  /** The area under the curve in three decimals, or why there is none. */
  readonly area: string;
  readonly points: readonly CurvePoint[];
}

/** The curves of each class against all others, by the labels. */
function curvesOf({ probabilities, labels, classes }: Predictions): ClassCurves[] {
  return classCurves(probabilities, labels, classes.length);
}

function namedCurves(
  curves: readonly ClassCurves[],
  classes: readonly string[],
  kind: keyof typeof KINDS,
): NamedCurve[] {
  const { points, areaOf } = KINDS[kind];
  return curves.map((one, c) => ({
    name: classes[c] ?? "",
    area: areaText(areaOf(one), one),
    points: points(one),
  }));
}

/** `0.953`; for an undefined area, the reason. */
function areaText(area: number | null, { positives }: ClassCurves): string {
  if (area !== null) return area.toFixed(3);
  return positives === 0 ? "not defined: no images" : "not defined: no other images";
}

/** The points of a curve in steps: from each point vertically, then horizontally to the next. */
function inSteps(points: readonly CurvePoint[]): CurvePoint[] {
  return points.flatMap((point, i) => {
    const before = points[i - 1];
    return before === undefined ? [point] : [[before[0], point[1]] as const, point];
  });
}

/**
 * The ROC or precision-recall curves of all classes as PNG; the legend names the area under each.
 *
 * @param kind `roc` or `precisionRecall`.
 */
export function drawRankingCurves(predictions: Predictions, kind: keyof typeof KINDS): Buffer {
  const { title, area: areaName, x, y } = KINDS[kind];
  const { split, classes } = predictions;
  const curves = namedCurves(curvesOf(predictions), classes, kind);
  const axis = (text: string) =>
    ({ type: "linear", min: 0, max: 1, title: { display: true, text } }) as const;
  const lines = curves.map(({ name, area, points }, i) => ({
    label: `${name} ${area}`,
    data: points.map(([x, y]) => ({ x, y })),
    borderColor: COLOURS.series[i % COLOURS.series.length],
    backgroundColor: COLOURS.series[i % COLOURS.series.length],
    borderWidth: 2,
    pointRadius: 0,
  }));
  const chance = {
    label: "chance",
    data: [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
    borderColor: COLOURS.quiet,
    backgroundColor: COLOURS.background,
    borderWidth: 1,
    borderDash: [3, 4],
    pointRadius: 0,
  };
  const text = `${title} of each class on ${split}, with ${areaName}`;
  return renderChart(
    {
      type: "line",
      data: { datasets: [...lines, ...(kind === "roc" ? [chance] : [])] },
      options: {
        plugins: { title: { display: true, text } },
        scales: { x: axis(x), y: axis(y) },
      },
    },
    { width: 760, height: 640 },
  );
}

/** The section of a report with the curves and areas of each class, as HTML. */
export function rankingSection(predictions: readonly Predictions[]): string {
  const splits = predictions.map((one) => {
    const curves = curvesOf(one);
    const charts = (["roc", "precisionRecall"] as const).map((kind) =>
      rankingChart(namedCurves(curves, one.classes, kind), kind),
    );
    return `<h3>${one.split}</h3>
<div class="pair">${charts.join("\n")}</div>
${areaTable(one, curves)}`;
  });
  return `<section><h2>ROC and precision-recall curves</h2>
<p>Each class against all others, by the labels, with the probabilities before calibration. Each point of a curve belongs to a threshold: an image is taken for the class if the probability of the class is at least the threshold. True positive rate, or recall: the share of the images of the class that are taken for it. False positive rate: the share of the other images that are taken for the class. ROC AUC, the area under the ROC curve, is 1 if the images of the class have the highest probabilities, and 0.5 by chance (the dashed line). Average precision, the area under the precision-recall curve, is 1 in the same case; by chance, it is the share of the class. Both are not defined for a class without images, and ROC AUC also if all images are of the class; the means leave these out.</p>
${splits.join("\n")}
</section>`;
}

function rankingChart(curves: readonly NamedCurve[], kind: keyof typeof KINDS): string {
  const { title, area: areaName, x: horizontal, y: vertical } = KINDS[kind];
  const { x, y, shapes } = shareAxes();
  const lines = curves.map(({ name, area, points }, i) => {
    const path = distinctPoints(points.map(([px, py]) => [x(px), y(py)] as const));
    return `<polyline class="curve" style="stroke: ${colourOf(i)}" points="${path}"><title>${escapeHtml(name)} ${area}</title></polyline>`;
  });
  const diagonal = `<line class="guide" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>`;
  return chartFigure(
    { title, unit: `${vertical} over ${horizontal}; the key gives the ${areaName}` },
    [...shapes, ...(kind === "roc" ? [diagonal] : []), ...lines],
    curves.map(({ name, area }, i) => ({ name: `${name} ${area}`, colour: colourOf(i) })),
  );
}

/** Points of a line for SVG, without those within one unit of the last one that is kept. */
function distinctPoints(points: readonly CurvePoint[]): string {
  let [lastX, lastY] = [NaN, NaN];
  const kept = points.filter(([x, y], i) => {
    const isNear = Math.abs(x - lastX) < 1 && Math.abs(y - lastY) < 1;
    if (isNear && i < points.length - 1) return false;
    [lastX, lastY] = [x, y];
    return true;
  });
  return kept.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
}

/** The areas under the curves of each class and their means, by labels and by votes, as HTML. */
function areaTable(predictions: Predictions, curves: readonly ClassCurves[]): string {
  const { probabilities, classes, labels, votes } = predictions;
  const voted = votes && labelledRows(probabilities, votes, classes.length);
  const byVotes = voted && classCurves(voted.probabilities, voted.labels, classes.length);
  const cell = (area: number | null) => area?.toFixed(3) ?? "not defined";
  const areas = (one: ClassCurves | undefined) =>
    one ? [cell(one.rocAuc), cell(one.averagePrecision)] : [];
  const means = (all: readonly ClassCurves[]) =>
    [all.map(({ rocAuc }) => rocAuc), all.map(({ averagePrecision }) => averagePrecision)].map(
      (values) => cell(meanOfKnown(values)),
    );
  const rows = curves.map((one, c) => [
    escapeHtml(classes[c] ?? ""),
    `${count(one.positives)} (${percent(one.positives / labels.length, 1)})`,
    ...areas(one),
    ...areas(byVotes?.[c]),
  ]);
  const head = [KINDS.roc.area, KINDS.precisionRecall.area];
  return htmlTable(
    ["", "images (share)", ...head, ...(byVotes ? head.map((name) => `${name}, by votes`) : [])],
    [...rows, ["<b>mean</b>", "", ...means(curves), ...(byVotes ? means(byVotes) : [])]],
  );
}
