import { counted } from "@mien/cli";
import { USAGES } from "@mien/format";
import { CHART_STYLE, chartScript, escapeHtml, htmlChart, htmlPage, htmlTable } from "@mien/plot";
import { countRows } from "../set/counts.ts";
import type { ExploreReport } from "../explore/dataset-report.ts";
import type { ExploreChart } from "../explore/explore-charts.ts";
import { MAP_STYLE } from "./map-html.ts";
import { describeP } from "../explore/describe-p.ts";
import { number, type Finding } from "../explore/findings.ts";
import type { Galleries } from "./gallery-html.ts";
import { EXPLORE_STYLE } from "./page-style.ts";
import type { PixelStatistics } from "../explore/pixel-statistics.ts";

/** What the page shows besides the figures. */
interface PageContent {
  readonly findings: readonly Finding[];
  readonly charts: readonly ExploreChart[];
  readonly galleries: Galleries;
  /** The map, and the script that draws it after Chart.js is loaded; both may be empty. */
  readonly map: { readonly html: string; readonly script: string };
  /** File name of the CSV with all findings, relative to the page. */
  readonly csv: string;
}

/** Renders the report as one self-contained HTML page. */
export function renderPage(report: ExploreReport, content: PageContent): string {
  const { dataset, imageSize, votes } = report;
  const { charts, galleries, map } = content;
  const channels = imageSize.channels === 1 ? "grey" : "RGB";
  const chartsOf = (section: ExploreChart["section"]) => {
    const shown = charts.filter((chart) => chart.section === section);
    const three = shown.length % 3 === 0 ? " three" : "";
    return `<div class="charts${three}">${shown.map(renderChart).join("\n")}</div>`;
  };
  const sections = [
    { id: "findings", title: "Findings", html: findingList(content) },
    {
      id: "classes",
      title: "Classes and splits",
      html: `${countTable(report)}\n${chartsOf("classes")}\n${distribution(report)}`,
    },
    {
      id: "light",
      title: "Brightness, contrast and sharpness",
      html: `<p>Brightness is the mean of an image's values, contrast their standard deviation. Sharpness is the standard deviation of the Laplacian divided by the contrast: about 0.2 for an image out of focus.</p>
${chartsOf("light")}
<h3>By class and split</h3>
<p>Each bar spans the middle half of the images, from the first to the third quartile.</p>
${chartsOf("light-by-class")}
<h3>Pixel values</h3>
${pixelTable(report)}`,
    },
    {
      id: "means",
      title: "Mean images",
      html: `<p>The mean of all Training images of each class.</p>\n${galleries.means}`,
    },
    ...(votes === null
      ? []
      : [{ id: "votes", title: "Labels and votes", html: agreement(report, votes, chartsOf) }]),
    ...(map.html === "" ? [] : [{ id: "map", title: "Map of the images", html: map.html }]),
    ...(galleries.html === ""
      ? []
      : [
          {
            id: "pictures",
            title: "Images with findings",
            html: `<p>The number of a row counts from 0 after the header of the CSV. <a href="${content.csv}">${content.csv}</a>, beside this page, lists all images.</p>\n${galleries.html}`,
          },
        ]),
    {
      id: "samples",
      title: "Images of each class",
      html: `<p>Drawn at random from the Training split.</p>\n${galleries.samples}`,
    },
  ];
  return htmlPage(
    `${dataset.name} · data set report`,
    `<header>
<p class="kind">data set report</p>
<h1>${escapeHtml(dataset.name)}</h1>
<p>${counted(report.images, "image")}, ${imageSize.width}×${imageSize.height} ${channels}, ${counted(report.classes.length, "class", "classes")}</p>
</header>
<div class="layout">
<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`).join("")}</ul></nav>
<div>
${sections.map(({ id, title, html }) => `<section>\n<h2 id="${id}">${title}</h2>\n${html}\n</section>`).join("\n")}
<footer>
<dl>
<dt>file</dt><dd>${escapeHtml(dataset.path)}</dd>
<dt>SHA-256</dt><dd><code>${dataset.sha256}</code></dd>
<dt>licence</dt><dd>${escapeHtml(dataset.licence)}</dd>
<dt>source</dt><dd>${escapeHtml(dataset.source)}</dd>${votes === null ? "" : `\n<dt>votes</dt><dd>${escapeHtml(votes.path)}</dd>`}
</dl>
</footer>
</div>
</div>
${chartScript()}
${map.script}`,
    `${CHART_STYLE}${MAP_STYLE}${EXPLORE_STYLE}${galleries.css}`,
  );
}

const LEVEL_NAMES = { good: "in order", note: "note", problem: "problem" } as const;

function findingList({ findings, galleries }: PageContent): string {
  const items = findings.map(({ level, text, kinds = [] }) => {
    const links = kinds.flatMap((kind) => {
      const title = galleries.titles.get(kind);
      return title === undefined ? [] : [`<a href="#${kind}">${title}</a>`];
    });
    return `<li class="${level}"><b>${LEVEL_NAMES[level]}</b><span>${unbroken(escapeHtml(text))} ${links.join(" ")}</span></li>`;
  });
  return `<ul class="findings card">\n${items.join("\n")}\n</ul>`;
}

/** Keeps numbers in one line with their sign: `86.0 %`, `p = 0.3`. */
function unbroken(text: string): string {
  return text.replaceAll(/(\d) %/g, "$1\u00a0%").replaceAll(/(χ²|p) = /g, "$1\u00a0=\u00a0");
}

function renderChart(chart: ExploreChart): string {
  const { head, rows } = chart.table;
  const table = htmlTable(
    head.map(escapeHtml),
    rows.map((row) => row.map(escapeHtml)),
  ).replace(
    'class="scroll',
    `tabindex="0" role="region" aria-label="${escapeHtml(chart.title)}" class="scroll`,
  );
  return htmlChart({
    ...chart,
    below: `<details><summary>Values of this chart</summary>${table}</details>`,
  });
}

function countTable({ classes, counts }: ExploreReport): string {
  const rows = countRows(classes, counts);
  const totals = USAGES.map((_, usage) => Number(rows.at(-1)?.[usage + 1]));
  const all = Number(rows.at(-1)?.at(-1));
  const share = (value: number, total: number) =>
    total === 0 ? "–" : `${((100 * value) / total).toFixed(1)} %`;
  const perClass = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const most = Math.max(...perClass);
  const ratio = (total: number | undefined) =>
    total === undefined ? "" : total === 0 ? "–" : (most / total).toFixed(1);
  const table = htmlTable(
    ["class", ...USAGES, "all", "share", "largest class ÷ this one"],
    rows.map((row, label) => [
      escapeHtml(String(row[0])),
      ...row.slice(1, -1).map((value, usage) => {
        const isTotal = label === rows.length - 1;
        const part = isTotal ? "" : ` (${share(Number(value), totals[usage] ?? 0)})`;
        return `${number(Number(value))}${part}`;
      }),
      number(Number(row.at(-1))),
      share(Number(row.at(-1)), all),
      ratio(perClass[label]),
    ]),
  );
  return `<div class="counts">${table}</div>`;
}

function distribution({ distributionTest: test }: ExploreReport): string {
  if (test === null) return "";
  const { statistic, degreesOfFreedom, p, smallestExpected } = test;
  return `<h3>Do the splits have one distribution of classes?</h3>
<p>Pearson's chi-squared test of independence: χ² = ${statistic.toFixed(2)} with ${counted(degreesOfFreedom, "degree")} of freedom, ${describeP(p)}. If all splits were drawn at random from the same images, ${p < 0.001 ? "less than 0.1 %" : `${(100 * p).toFixed(1)} %`} of such draws would differ at least as much. The smallest expected count is ${smallestExpected.toFixed(1)}; the test needs about 5.</p>`;
}

function pixelTable({ pixels, imageSize, counts, images }: ExploreReport): string {
  const names = imageSize.channels === 1 ? [""] : [" red", " green", " blue"];
  const training = counts.reduce((sum, row) => sum + (row[0] ?? 0), 0);
  const rowsOf = (split: string, count: number, { mean, deviation }: PixelStatistics) =>
    mean.map((value, channel) => {
      const spread = deviation[channel] ?? 0;
      return [
        `${split}${names[channel] ?? ""}`,
        number(count),
        ...[value, spread].flatMap((one) => [one.toFixed(2), (one / 255).toFixed(4)]),
      ];
    });
  return htmlTable(
    [
      "split",
      "images",
      "mean, 0–255",
      "mean, 0–1",
      "standard deviation, 0–255",
      "standard deviation, 0–1",
    ],
    [...rowsOf("Training", training, pixels.training), ...rowsOf("all", images, pixels.all)],
  );
}

function agreement(
  { classes }: ExploreReport,
  {
    matrix,
    columns,
    disagreement,
    overall,
    unanimouslyNoFace,
  }: NonNullable<ExploreReport["votes"]>,
  chartsOf: (section: ExploreChart["section"]) => string,
): string {
  const percent = (share: number | null | undefined) =>
    share == null ? "–" : `${(100 * share).toFixed(1)} %`;
  const rows = matrix.map((row, label) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    const name = escapeHtml(classes[label] ?? "");
    const cells = row.map((count, column) => {
      const share = total === 0 ? 0 : count / total;
      const answer = escapeHtml(columns[column] ?? "");
      const heat = Math.round(65 * Math.min(1, share * 1.1));
      return `<td title="label ${name}, most votes ${answer}: ${number(count)} of ${number(total)}" style="background: color-mix(in srgb, var(--heat) ${heat}%, var(--card))" data-column="${answer}">${percent(share)}<small>${number(count)}</small></td>`;
    });
    return `<tr><th scope="row">${name}</th>${cells.join("")}<td data-column="disagreement"><b>${percent(disagreement[label])}</b></td></tr>`;
  });
  const head = ["label ↓ most votes →", ...columns, "disagreement"];
  return `<p>Ten people voted on each image (FER+). The table shows which answer has the most votes for the images of each label. “other” is contempt, unknown or no face; “tie” means that several answers share the most votes. Disagreement counts only the images for which one class has the most votes: ${percent(overall)} of all labels. All voters see no face in ${counted(unanimouslyNoFace, "image")}.</p>
<div class="scroll card agreement" tabindex="0" role="region" aria-label="Labels and votes"><table class="wide"><thead><tr>${head.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>
${chartsOf("votes")}`;
}
