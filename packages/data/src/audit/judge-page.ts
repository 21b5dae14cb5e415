import { formatPercent } from "@mien/cli";
import {
  CHART_STYLE,
  chartScript,
  COLOURS,
  escapeHtml,
  htmlChart,
  htmlPage,
  htmlTable,
  renderChart,
  type ChartConfiguration,
} from "@mien/plot";
import { itemAt } from "@mien/format";
import type { Contradictions, LabelJudgement, NoFaceJudgement } from "./judge.ts";

/** A ranking of images by how suspicious their labels are, as the votes judge it. */
export interface JudgedRanking {
  readonly name: string;
  readonly judgement: LabelJudgement;
  /** From `precisionCurve`. */
  readonly curve: readonly { readonly images: number; readonly precision: number }[];
}

/** What the page of a judgement shows. */
export interface JudgedAudit {
  /** Name of the data set. */
  readonly name: string;
  /** The first one is the audit's own. */
  readonly rankings: readonly JudgedRanking[];
  readonly noFaces: NoFaceJudgement;
}

/** The columns of `judgementRows`. */
export const JUDGEMENT_HEAD = [
  "ranking",
  "most suspicious",
  "votes differ",
  "of all",
  "without a winner",
];

/** The figures of rankings as rows of a table. */
export function judgementRows(rankings: readonly JudgedRanking[]): string[][] {
  const number = (value: number) => value.toLocaleString("en");
  const percent = (share: number | null) => (share === null ? "–" : formatPercent(share, 1));
  const cells = (part: Contradictions) => [
    number(part.images),
    percent(part.precision),
    percent(part.ofAll),
    number(part.images - part.judged),
  ];
  const rows = rankings.flatMap(({ name, judgement }) =>
    judgement.first.map((part) => [name, ...cells(part)]),
  );
  const base = rankings[0]?.judgement.base;
  return base === undefined ? rows : [...rows, ["any order", ...cells(base)]];
}

/** What the votes say about the images that may be no faces, in a sentence. */
export function describeNoFaces({ all, first, times }: NoFaceJudgement): string {
  const share = (part: NoFaceJudgement["all"]) =>
    `${part.noFaces} of ${part.images.toLocaleString("en")}`;
  const multiple = times === null ? "" : `, ${times.toFixed(1)} times the share of all images`;
  return `no face: all voters see none in ${share(first)} of the strangest images${multiple} (${share(all)})`;
}

/** The precision of rankings as a chart. */
function judgementChart({ rankings: all }: JudgedAudit): ChartConfiguration {
  const texts = all.map(({ curve }) => JSON.stringify(curve));
  // Of rankings with the same curve, the first one is drawn.
  const rankings = all.filter((_, i) => texts.indexOf(texts[i] ?? "") === i);
  const base = rankings[0]?.judgement.base.precision ?? 0;
  const last = Math.max(...rankings.flatMap(({ curve }) => curve.map(({ images }) => images)), 1);
  const line = (label: string, index: number, points: readonly { x: number; y: number }[]) => ({
    label,
    data: [...points],
    borderColor: itemAt(COLOURS.series, index % COLOURS.series.length),
    backgroundColor: itemAt(COLOURS.series, index % COLOURS.series.length),
    borderWidth: index === 0 ? 3 : 1.5,
    pointRadius: 0,
  });
  const random = [
    { x: 0, y: 100 * base },
    { x: last, y: 100 * base },
  ];
  return {
    type: "line",
    data: {
      datasets: [
        ...rankings.map(({ name, curve }, i) =>
          line(
            name,
            i,
            curve.map(({ images, precision }) => ({ x: images, y: 100 * precision })),
          ),
        ),
        { ...line("any order", rankings.length, random), borderDash: [6, 4] },
      ],
    },
    options: {
      plugins: { title: { display: true, text: TITLE } },
      scales: {
        x: { type: "linear", min: 0, title: { display: true, text: "most suspicious images" } },
        y: { min: 0, max: 100, title: { display: true, text: "votes differ from the label, %" } },
      },
    },
  };
}

const TITLE = "How often the votes contradict suspicious labels";

/** Draws the chart of `judgementChart` as PNG. */
export function drawJudgement(judged: JudgedAudit): Buffer {
  return renderChart(judgementChart(judged));
}

/** Renders the page of a judgement. */
export function renderJudgement(judged: JudgedAudit): string {
  const table = htmlTable(
    JUDGEMENT_HEAD,
    judgementRows(judged.rankings).map((row) => row.map(escapeHtml)),
  );
  return htmlPage(
    `${judged.name} · judgement of the audit`,
    `<p class="kind">judgement of an audit</p>
<h1>${escapeHtml(judged.name)}</h1>
<p>The FER+ votes, which neither the audit nor the models behind it have seen, judge the images that the audit finds most suspicious.</p>
${htmlChart({ configuration: judgementChart(judged), title: TITLE })}
<h2>Suspicious labels</h2>
<p>“Votes differ” counts the images for which one class has the most votes: the share for which it is not the label. “Of all” counts the other images as right.</p>
${table}
<h2>Images without a face</h2>
<p>${escapeHtml(describeNoFaces(judged.noFaces))}.</p>
${chartScript()}`,
    CHART_STYLE,
  );
}
