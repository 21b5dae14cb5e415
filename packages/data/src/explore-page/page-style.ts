/** CSS of the report of `data:explore`, beside the rules of every page. */
export const EXPLORE_STYLE = `
:root { --good: #1a7f4b; --note: #8a6100; --problem: #b3341f; --link: #0b5cad; --heat: #4a90c8; --picture: 6rem; }
@media (prefers-color-scheme: dark) { :root { --good: #58c48c; --note: #e0b04c; --problem: #ff8a73; --link: #7db8f0; --heat: #2f6ea3; } }
@media print { :root { --good: #1a7f4b; --note: #8a6100; --problem: #b3341f; --link: #0b5cad; --heat: #4a90c8; --picture: 4.2rem; } }
@media (min-width: 120rem) { html { font-size: 112.5%; } }
@media (min-width: 200rem) { html { font-size: 150%; } }
main { max-width: 112rem; }
a { color: var(--link); }
h3 { scroll-margin-top: 1rem; }
h3 span { color: var(--quiet); font-weight: 400; }
nav ul { list-style: none; margin: 1rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
nav a { display: inline-block; padding: .3rem 0; }
.findings { list-style: none; margin: 0; padding: 0; }
.findings li { display: flex; gap: 1rem; padding: .7rem 1rem; }
.findings li + li { border-top: 1px solid var(--line); }
.findings b { flex: 0 0 5rem; font-size: .85rem; line-height: 1.75; font-weight: 600; }
.findings a { white-space: nowrap; margin-right: .6rem; }
.good b { color: var(--good); } .note b { color: var(--note); } .problem b { color: var(--problem); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: .75rem; margin: .75rem 0; }
details { margin-top: .6rem; font-size: .85rem; }
details .scroll { margin-top: .5rem; max-height: 20rem; overflow: auto; }
.chart details th, .chart details td, .chart details tr > :last-child { padding: .25rem; font-size: .8rem; white-space: normal; }
summary { cursor: pointer; color: var(--link); padding: .2rem 0; }
.counts tbody tr:last-child th, .counts tbody tr:last-child td { font-weight: 600; }
.charts.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
.more > .gallery { margin-top: .75rem; }
.rest { margin-top: .6rem; font-size: .85rem; }
.photo .conflict { color: var(--problem); }
.gallery { display: flex; flex-wrap: wrap; gap: .75rem; }
.photo { width: var(--picture); margin: 0; font-size: .75rem; line-height: 1.35; overflow-wrap: anywhere; break-inside: avoid; }
.photo .picture { border-radius: 4px; margin-bottom: .25rem; }
.photo b { display: block; font-size: .85rem; }
.photo small { display: block; font-size: .75rem; color: var(--quiet); }
.group { display: flex; flex-wrap: wrap; gap: .6rem; padding: .7rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; break-inside: avoid; }
.group p { flex: 1 0 100%; width: 0; margin: 0; font-size: .75rem; }
.agreement td { position: relative; }
.agreement td:hover { outline: 2px solid var(--text); outline-offset: -2px; }
.agreement small { display: block; font-size: .75rem; color: inherit; }
@media (min-width: 78rem) {
  .layout { display: grid; grid-template-columns: 11rem minmax(0, 1fr); gap: 0 2.5rem; }
  nav ul { position: sticky; top: 1.5rem; margin-top: 3rem; flex-direction: column; flex-wrap: nowrap; }
}
@media (max-width: 40rem) {
  :root { --picture: 6.6rem; }
  .findings li { flex-direction: column; gap: 0; }
  .findings b { flex-basis: auto; }
  .findings a { display: inline-block; padding: .15rem 0; }
}
@media print { nav, details:not([open]), .chart details { display: none; } h2, h3, h2 + p, h3 + p { break-after: avoid; } .layout { display: block; }
  .findings.card { break-inside: auto; } .findings li { break-inside: avoid; }
  .agreement { overflow: visible; } .agreement th, .agreement td, .agreement tr > :last-child { padding: .25rem .3rem; font-size: .7rem; white-space: normal; } .agreement small { font-size: .65rem; } }
`;
