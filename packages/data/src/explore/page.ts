import { USAGES } from "@mien/format";
import { countRows } from "./counts.ts";
import { number, type Finding } from "./findings.ts";
import type { Picture } from "./pictures.ts";
import type { ExploreReport } from "./report.ts";

/** The report as one HTML page that needs nothing beside it. */
export function renderPage(
  report: ExploreReport,
  findings: readonly Finding[],
  pictures: readonly Picture[],
): string {
  const { dataset, imageSize } = report;
  const figures = (section: Picture["section"]) =>
    pictures
      .filter((picture) => picture.section === section)
      .map(
        ({ title, png }) =>
          `<figure><img alt="${escape(title)}" src="data:image/png;base64,${png.toString("base64")}"></figure>`,
      )
      .join("\n");
  const channels = imageSize.channels === 1 ? "grey" : "RGB";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(dataset.name)} · data set report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="kind">data set report</p>
<h1>${escape(dataset.name)}</h1>
<p>${number(report.images)} images, ${imageSize.width}×${imageSize.height} ${channels}, ${report.classes.length} classes</p>
</header>
<section>
<h2>What to know</h2>
<ul class="findings">
${findings.map(({ level, text }) => `<li class="${level}"><b>${LEVEL_NAMES[level]}</b><span>${escape(text)}</span></li>`).join("\n")}
</ul>
</section>
<section>
<h2>Classes and parts</h2>
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
<p>What the images of a class have in common.</p>
${figures("means")}
</section>
<section>
<h2>Images</h2>
<p>Drawn at random from the Training part.</p>
${figures("images")}
</section>
<footer>
<dl>
<dt>file</dt><dd>${escape(dataset.path)}</dd>
<dt>SHA-256</dt><dd class="hash">${dataset.sha256}</dd>
<dt>licence</dt><dd>${escape(dataset.licence)}</dd>
<dt>source</dt><dd>${escape(dataset.source)}</dd>
</dl>
</footer>
</main>
</body>
</html>
`;
}

const LEVEL_NAMES = { good: "in order", note: "note", problem: "problem" } as const;

function countTable({ classes, counts }: ExploreReport): string {
  const cell = (value: string | number) =>
    typeof value === "number"
      ? `<td>${number(value)}</td>`
      : `<th scope="row">${escape(value)}</th>`;
  const rows = countRows(classes, counts).map((row) => `<tr>${row.map(cell).join("")}</tr>`);
  const head = ["", ...USAGES, "all"].map((name) => `<th scope="col">${name}</th>`).join("");
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>
${rows.join("\n")}
</tbody></table></div>`;
}

function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}

const STYLE = `
:root { color-scheme: light dark; --back: #f6f7f9; --card: #ffffff; --text: #1f2933; --quiet: #5f6b78;
  --line: #dde2e8; --good: #1a7f4b; --note: #8a6100; --problem: #b3341f; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --card: #1c2229; --text: #e4e8ec; --quiet: #96a1ad; --line: #313a44;
    --good: #58c48c; --note: #e0b04c; --problem: #ff8a73; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
h1 { margin: 0; font-size: 2.2rem; line-height: 1.15; overflow-wrap: anywhere; }
h2 { margin: 2.75rem 0 .75rem; font-size: 1.2rem; }
p { margin: .25rem 0 .75rem; color: var(--quiet); }
.kind { margin: 0; font-size: .85rem; }
.findings { list-style: none; margin: 0; padding: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; }
.findings li { display: flex; gap: 1rem; padding: .7rem 1rem; }
.findings li + li { border-top: 1px solid var(--line); }
.findings b { flex: 0 0 5rem; font-size: .85rem; line-height: 1.75; font-weight: 600; }
.good b { color: var(--good); } .note b { color: var(--note); } .problem b { color: var(--problem); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem 1rem; text-align: right; font-weight: 400; }
thead th { color: var(--quiet); font-size: .85rem; }
tbody th { text-align: left; }
tbody tr { border-top: 1px solid var(--line); }
tbody tr:last-child { font-weight: 600; } tbody tr:last-child th, tbody tr:last-child td { font-weight: 600; }
figure { margin: 1rem 0 0; padding: .5rem; background: #ffffff; border: 1px solid var(--line); border-radius: 10px; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
@media (prefers-color-scheme: dark) { figure { filter: brightness(.92); } }
@media (min-width: 48rem) { .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--quiet); }
dl { display: grid; grid-template-columns: 5rem 1fr; gap: .25rem 1rem; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
.hash { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
`;
