import { PIXEL_RATIO, type ThemedPng } from "./theme.ts";

/** The smallest scale at which a plot is shown, so that its text of 13 px is at least 11 px high. */
const LEGIBLE = 11 / 13;

/**
 * A complete HTML page without references to other files. It is light or dark as the reader's
 * system is set.
 *
 * @param title plain text, the title of the window.
 * @param body HTML for the inside of `main`.
 * @param style more CSS. Every page has rules for the colours `--back`, `--card`, `--text`, `--quiet`
 * and `--line`, headings, tables, `.card`, `.tiles`, `.pair`, `figure`, `dl` and `footer`.
 */
export function htmlPage(title: string, body: string, style = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}

/** Escapes a text for HTML, also for attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/**
 * A table whose first column names the rows; the other columns are right-aligned. Cells are HTML.
 *
 * On a screen narrower than 40 rem, a table of more than five columns shows each row as a block of
 * lines `column name value`. A table of more than twelve columns does so on every screen.
 */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const wide = head.length > 5;
  const cells = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        if (i === 0) return `<th scope="row">${cell}</th>`;
        const name = wide && cell !== "" ? ` data-column="${head[i] ?? ""}"` : "";
        return `<td${name}>${cell}</td>`;
      })
      .join("");
  return `<div class="scroll card"><table${wide ? ` class="${head.length > 12 ? "wide widest" : "wide"}"` : ""}><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}</tbody></table></div>`;
}

/**
 * A picture embedded in the page, light or dark as the page is. It is never shown smaller than
 * 11/13 of the size at which it was drawn; if it is wider than the screen, it scrolls inside its
 * own box.
 */
export function htmlFigure(title: string, { light, dark }: ThemedPng): string {
  // Bytes 16–19 of a PNG file are its width in device pixels.
  const least = Math.round((LEGIBLE * light.readUInt32BE(16)) / PIXEL_RATIO);
  const data = (png: Buffer) => `data:image/png;base64,${png.toString("base64")}`;
  return `<figure class="plot"><picture><source media="(prefers-color-scheme: dark)" srcset="${data(dark)}"><img alt="${escapeHtml(title)}" style="min-width: ${least}px" src="${data(light)}"></picture></figure>`;
}

/** A card with a value, its name above and a note below. All three are HTML. */
export function htmlTile(name: string, value: string, note = ""): string {
  return `<div class="tile card"><span>${name}</span><b>${value}</b><span>${note}</span></div>`;
}

/** CSS that shows each row of the tables of a class as a block, with one cell after another. */
const stacked = (name: string) => `.${name} thead { display: none; }
.${name} tbody tr { display: flex; flex-wrap: wrap; gap: .1rem 1rem; padding: .5rem .8rem; }
.scroll .${name} tbody th { flex-basis: 100%; padding: 0; font-weight: 600; }
.scroll .${name} td { padding: 0; text-align: left; }
.${name} td:empty { display: none; }
.${name} td[data-column]::before { content: attr(data-column) " "; color: var(--quiet); }`;

const STYLE = `
:root { color-scheme: light dark; --back: #f6f7f9; --card: #ffffff; --text: #1f2933; --quiet: #5f6b78; --line: #dde2e8; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --card: #1c2229; --text: #e4e8ec; --quiet: #9aa5b1; --line: #313a44; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { margin: 0; font-size: 2.2rem; line-height: 1.15; overflow-wrap: anywhere; }
h2 { margin: 3rem 0 .4rem; font-size: 1.25rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p { margin: .25rem 0 .9rem; color: var(--quiet); max-width: 46rem; }
p b { color: var(--text); }
.kind { margin: 0; font-size: .85rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
.tile { padding: .8rem 1rem; }
.tile span { display: block; font-size: .85rem; color: var(--quiet); }
.tile b { display: block; font-size: 1.7rem; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .7rem; text-align: right; font-weight: 400; white-space: nowrap; }
th, td b { white-space: normal; }
tbody th { overflow-wrap: break-word; }
thead th { color: var(--quiet); font-size: .85rem; }
thead th:first-child, tbody th { text-align: left; padding-left: 1rem; }
tr > :last-child { padding-right: 1rem; }
tbody tr { border-top: 1px solid var(--line); }
figure { margin: .75rem 0; }
img { display: block; max-width: 100%; height: auto; }
figure.plot { padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; }
figure.plot img { margin: 0 auto; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; }
.pair figure { margin: 0; }
@media (min-width: 48rem) { .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.5rem; margin: 0; font-size: .9rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--quiet); }
${stacked("widest")}
@media (max-width: 40rem) {
  main { padding: 1.5rem .9rem 3rem; }
  th, td, thead th { font-size: .8rem; padding: .4rem .35rem; white-space: normal; overflow-wrap: anywhere; }
  thead th:first-child, tbody th { padding-left: .6rem; min-width: 4.8rem; }
  tr > :last-child { padding-right: .6rem; }
${stacked("wide")}
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .4rem; }
}
@media print {
  :root { color-scheme: light; --back: #ffffff; --card: #ffffff; --text: #1f2933; --quiet: #5f6b78; --line: #dde2e8; }
  body { background: none; } figure, .card { break-inside: avoid; }
}
`;
