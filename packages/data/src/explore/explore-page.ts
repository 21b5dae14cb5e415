import { counted } from "@mien/cli";
import { USAGES } from "@mien/format";
import { escapeHtml, htmlFigure, htmlPage, htmlTable } from "@mien/plot";
import { countRows } from "./counts.ts";
import { number, type Finding } from "./findings.ts";
import type { Picture } from "./explore-pictures.ts";
import type { ExploreReport } from "./dataset-report.ts";

/** Renders the report as one self-contained HTML page. */
export function renderPage(
  report: ExploreReport,
  findings: readonly Finding[],
  pictures: readonly Picture[],
): string {
  const { dataset, imageSize } = report;
  const figures = (section: Picture["section"]) =>
    pictures
      .filter((picture) => picture.section === section)
      .map(({ title, png }) => htmlFigure(title, png))
      .join("\n");
  const channels = imageSize.channels === 1 ? "grey" : "RGB";
  return htmlPage(
    `${dataset.name} · data set report`,
    `<header>
<p class="kind">data set report</p>
<h1>${escapeHtml(dataset.name)}</h1>
<p>${counted(report.images, "image")}, ${imageSize.width}×${imageSize.height} ${channels}, ${counted(report.classes.length, "class", "classes")}</p>
</header>
<section>
<h2>Findings</h2>
<ul class="findings card">
${findings.map(({ level, text }) => `<li class="${level}"><b>${LEVEL_NAMES[level]}</b><span>${escapeHtml(text)}</span></li>`).join("\n")}
</ul>
</section>
<section>
<h2>Classes and splits</h2>
${countTable(report)}
${figures("classes")}
</section>
<section>
<h2>Brightness and contrast</h2>
<div class="pair">
${figures("light")}
</div>
</section>
<section>
<h2>Mean images</h2>
<p>The mean of all images of each class.</p>
${figures("means")}
</section>
<section>
<h2>Images</h2>
<p>Drawn at random from the Training split.</p>
${figures("images")}
</section>
<footer>
<dl>
<dt>file</dt><dd>${escapeHtml(dataset.path)}</dd>
<dt>SHA-256</dt><dd><code>${dataset.sha256}</code></dd>
<dt>licence</dt><dd>${escapeHtml(dataset.licence)}</dd>
<dt>source</dt><dd>${escapeHtml(dataset.source)}</dd>
</dl>
</footer>`,
    STYLE,
  );
}

const LEVEL_NAMES = { good: "in order", note: "note", problem: "problem" } as const;

function countTable({ classes, counts }: ExploreReport): string {
  return htmlTable(
    ["", ...USAGES, "all"],
    countRows(classes, counts).map((row) =>
      row.map((value) => (typeof value === "number" ? number(value) : escapeHtml(value))),
    ),
  );
}

const STYLE = `
:root { --good: #1a7f4b; --note: #8a6100; --problem: #b3341f; }
@media (prefers-color-scheme: dark) { :root { --good: #58c48c; --note: #e0b04c; --problem: #ff8a73; } }
.findings { list-style: none; margin: 0; padding: 0; }
.findings li { display: flex; gap: 1rem; padding: .7rem 1rem; }
.findings li + li { border-top: 1px solid var(--line); }
.findings b { flex: 0 0 5rem; font-size: .85rem; line-height: 1.75; font-weight: 600; }
.good b { color: var(--good); } .note b { color: var(--note); } .problem b { color: var(--problem); }
tbody tr:last-child { font-weight: 600; } tbody tr:last-child th, tbody tr:last-child td { font-weight: 600; }
`;
