import { counted } from "@mien/cli";
import { confirmedText, type FrameResult, type StreamHeader } from "@mien/format";
import { escapeHtml, htmlPage, htmlTable } from "@mien/plot";

/** One colour a class, told apart also by people who see colours differently. */
const COLOURS = ["#d1495b", "#6a994e", "#7b5ea7", "#e9a03b", "#3d7ea6", "#2a9d8f", "#8d99ae"];
/** Time is cut into pieces of so many milliseconds. */
const BIN = 500;
const WIDTH = 900;
const HEIGHT = 160;

interface Bin {
  readonly sums: number[];
  count: number;
}

interface Row {
  readonly bins: Map<number, Bin>;
  readonly confirmed: Map<string, number>;
  frames: number;
}

/** Mean probabilities over time, a row a person, or a track while unknown. */
export class SessionTimeline {
  readonly rows = new Map<string, Row>();
  frames = 0;
  firstMs = Infinity;
  lastMs = 0;
  readonly #labels: readonly string[];

  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }

  add({ faces, timeMs }: FrameResult): void {
    this.frames++;
    this.firstMs = Math.min(this.firstMs, timeMs);
    this.lastMs = Math.max(this.lastMs, timeMs);
    for (const face of faces) {
      const { person, track, probabilities } = face;
      const name = person?.name ?? (track === null ? "faces" : `unknown, track ${track}`);
      const row: Row = this.rows.get(name) ?? { bins: new Map(), confirmed: new Map(), frames: 0 };
      this.rows.set(name, row);
      row.frames++;
      const at = Math.floor(timeMs / BIN);
      const bin: Bin = row.bins.get(at) ?? { sums: this.#labels.map(() => 0), count: 0 };
      row.bins.set(at, bin);
      bin.count++;
      probabilities.forEach((p, i) => (bin.sums[i] = (bin.sums[i] as number) + p));
      const confirmed = confirmedText(face);
      if (confirmed === undefined) continue;
      row.confirmed.set(confirmed, (row.confirmed.get(confirmed) ?? 0) + 1);
    }
  }
}

/** A page that needs nothing else: for each person a stacked plot, and what was confirmed how long. */
export function sessionReport(timeline: SessionTimeline, header: StreamHeader): string {
  const { labels } = header;
  const seconds = Math.max(0, timeline.lastMs - timeline.firstMs) / 1000;
  const legend = labels
    .map((label, i) => `<span><i style="background:${colour(i)}"></i>${escapeHtml(label)}</span>`)
    .join("");
  const people = [...timeline.rows]
    .sort(([, a], [, b]) => b.frames - a.frames)
    .map(([name, row]) => {
      const shares = [...row.confirmed]
        .sort(([, a], [, b]) => b - a)
        .map(([label, frames]) => [
          escapeHtml(label),
          `${((100 * frames) / row.frames).toFixed(1)} %`,
        ]);
      const head = ["Confirmed", `share of ${counted(row.frames, "frame")}`];
      return `<section><h2>${escapeHtml(name)}</h2>${plot(row, timeline, labels)}${htmlTable(head, shares)}</section>`;
    })
    .join("\n");
  const body = `<h1>Session</h1>
<p>${counted(timeline.frames, "frame")} in ${seconds.toFixed(1)} s; model ${escapeHtml(header.model)}.
Expressions are what faces show, not what people feel.</p>
<p>Each chart shows the mean probability of each expression over time, from the first frame at the left to the last at the right. It is empty where the person was not seen.</p>
<p class="legend">${legend}</p>
${people || "<p>No face was seen.</p>"}`;
  return htmlPage("Session", body, STYLE);
}

/** Stacked mean probabilities over the whole session; gaps where the person was not seen. */
function plot(row: Row, timeline: SessionTimeline, labels: readonly string[]): string {
  const first = Math.floor(timeline.firstMs / BIN);
  const last = Math.floor(timeline.lastMs / BIN);
  const step = WIDTH / (last - first + 1);
  const bars = [...row.bins].flatMap(([at, { sums, count }]) => {
    let y = HEIGHT;
    return sums.map((sum, i) => {
      const height = (HEIGHT * sum) / count;
      y -= height;
      const x = (at - first) * step;
      return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(step + 0.2).toFixed(2)}" height="${height.toFixed(1)}" fill="${colour(i)}"/>`;
    });
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" shape-rendering="crispEdges" role="img" aria-label="Probabilities of ${escapeHtml(labels.join(", "))} over time">${bars.join("")}</svg>`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

const STYLE = `
svg { display: block; width: 100%; height: auto; margin: .75rem 0; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.legend span { display: inline-block; margin-right: 1rem; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .3em; }
`;
