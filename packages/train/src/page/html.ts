/** Text made safe for HTML, also inside attributes. */
export function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}

/** `58.5 %` for 0.585; a dash for what is not known. */
export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined || Number.isNaN(share)
    ? "–"
    : `${(100 * share).toFixed(digits)} %`;
}

/** `3,589`. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** A table whose first column names the rows; numbers stand to the right. Cells are HTML. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join("");
  return `<div class="scroll card"><table><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}</tbody></table></div>`;
}

/** A list of names and values. Values are HTML. */
export function definitions(entries: readonly (readonly [string, string])[]): string {
  const lines = entries.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${value}</dd>`);
  return `<dl class="card">${lines.join("\n")}</dl>`;
}

/** A whole page that needs nothing beside it and follows the reader's light or dark setting. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}

/** Series colours are Okabe and Ito's, lighter on dark ground. */
const STYLE = `
:root { color-scheme: light dark; --back: #f6f7f9; --card: #ffffff; --text: #1f2933; --quiet: #5f6b78; --line: #dde2e8;
  --a: #0072b2; --b: #d98200; --c: #00845f; --d: #b0578a; --e: #2f9bd6; --f: #c24f00; --heat: #08386b; --heat-text: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --card: #1c2229; --text: #e4e8ec; --quiet: #9aa5b1; --line: #313a44;
    --a: #56b4e9; --b: #f0b429; --c: #35c79a; --d: #e29cc3; --e: #9ad4f5; --f: #ff9457; --heat: #6cc0f5; --heat-text: #0c1116; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { margin: 0; font-size: 2.2rem; line-height: 1.15; overflow-wrap: anywhere; }
h2 { margin: 3rem 0 .25rem; font-size: 1.25rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p { margin: .25rem 0 .9rem; color: var(--quiet); max-width: 46rem; }
.kind { margin: 0; font-size: .85rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
.tile { padding: .8rem 1rem; }
.tile span { display: block; font-size: .85rem; color: var(--quiet); }
.tile b { display: block; font-size: 1.7rem; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .7rem; text-align: right; font-weight: 400; white-space: nowrap; }
thead th { color: var(--quiet); font-size: .85rem; }
thead th:first-child, tbody th { text-align: left; padding-left: 1rem; }
tr > :last-child { padding-right: 1rem; }
tbody tr { border-top: 1px solid var(--line); }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; }
@media (min-width: 48rem) { .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
figure { margin: 0; padding: .9rem 1rem; }
figcaption { font-size: .9rem; margin-bottom: .4rem; font-weight: 600; }
figcaption small { font-weight: 400; color: var(--quiet); font-size: .85rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .guide { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 3 4; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin-top: .4rem; font-size: .85rem; color: var(--quiet); }
.key i { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; margin-right: .4rem; vertical-align: -.08rem; }
.confusion td { text-align: center; padding: .55rem .4rem; border-left: 2px solid var(--card); }
.confusion thead th { text-align: center; padding: .45rem .4rem; } .confusion thead th:first-child { text-align: left; padding-left: 1rem; }
.confusion tbody tr { border-top: 2px solid var(--card); }
.confusion td small { display: block; font-size: .7rem; line-height: 1.1; opacity: .75; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .75rem; }
.mistakes figure { padding: 0; overflow: hidden; }
.mistakes img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; }
.mistakes div { padding: .45rem .65rem .6rem; font-size: .82rem; line-height: 1.35; }
.mistakes div span { display: block; color: var(--quiet); }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: .3rem 1.5rem; margin: 0; padding: .8rem 1rem; font-size: .9rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .85rem; color: var(--quiet); }
@media print { body { background: none; } .card { break-inside: avoid; } }
`;
