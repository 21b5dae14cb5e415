import { escapeHtml, htmlPage } from "@mien/plot";

/** A list of names and values; the values are HTML. */
export function definitions(entries: readonly (readonly [string, string])[]): string {
  const lines = entries.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${value}</dd>`);
  return `<dl class="card">${lines.join("\n")}</dl>`;
}

/** A page about runs: `htmlPage` with the styles of charts, tables and images. */
export function page(title: string, body: string): string {
  return htmlPage(title, body, STYLE);
}

/** The series have the palette of Okabe and Ito, in lighter colours in the dark theme. */
const STYLE = `
:root { --a: #0072b2; --b: #d98200; --c: #00845f; --d: #b0578a; --e: #2f9bd6; --f: #c24f00; --g: #7a828c; --heat: #08386b; --heat-text: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --a: #56b4e9; --b: #f0b429; --c: #35c79a; --d: #e29cc3; --e: #9ad4f5; --f: #ff9457; --g: #98a2ad; --heat: #6cc0f5; --heat-text: #0c1116; } }
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
.misclassified { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .75rem; }
.misclassified.occluded { grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); }
.misclassified figure { padding: 0; overflow: hidden; }
.misclassified .pictures { display: flex; gap: 2px; }
.misclassified img { display: block; flex: 1; min-width: 0; width: 100%; aspect-ratio: 1; object-fit: cover; }
.misclassified .about { padding: .45rem .65rem .6rem; font-size: .82rem; line-height: 1.35; }
.misclassified .about span { display: block; color: var(--quiet); }
.pair + .scroll, .scroll + p { margin-top: .75rem; }
.heat-scale { display: flex; align-items: center; gap: .6rem; margin: 0 0 .9rem; font-size: .85rem; color: var(--quiet); }
.heat-scale i { flex: 0 0 7rem; height: .9rem; border-radius: 3px; }
dl.card { padding: .8rem 1rem; }
@media (max-width: 40rem) {
  .misclassified.occluded { grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); }
  svg text { font-size: 15px; }
  .confusion td, .confusion tbody th { font-size: .7rem; padding: .5rem .1rem; }
  .confusion tbody th, .confusion thead th:first-child { padding-left: .4rem; min-width: 0; overflow-wrap: normal; }
  .confusion thead th { writing-mode: vertical-rl; padding: .4rem .1rem; font-size: .7rem; text-align: left; white-space: nowrap; }
  .confusion thead th:first-child { writing-mode: horizontal-tb; padding-left: .4rem; white-space: normal; vertical-align: bottom; }
}
`;
