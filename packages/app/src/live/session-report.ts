import { counted } from "@mien/cli";
import { confirmedText, type FrameResult, type StreamHeader } from "@mien/format";
import { escapeHtml, htmlPage, htmlTable } from "@mien/plot";
import { colourOf } from "@mien/web";

/** Width of a bar of the charts, in ms. */
const BIN = 500;
/** Size of the charts, in pixels. */
const WIDTH = 900;
const HEIGHT = 160;

/** The probabilities of one person in one bar. */
interface Bin {
  /** The sum of each label's probability over the frames. */
  sums: readonly number[];
  /** Number of frames. */
  count: number;
}

/** One person, or one track of an unknown face. */
interface Row {
  /** By number of the bar. */
  readonly bins: Map<number, Bin>;
  /** Number of frames by confirmed expression. */
  readonly confirmed: Map<string, number>;
  frames: number;
}

/** Collects the mean probabilities over time for each person, and each track of an unknown face. */
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
      bin.sums = bin.sums.map((sum, i) => sum + (probabilities[i] ?? 0));
      const confirmed = confirmedText(face);
      if (confirmed === undefined) continue;
      row.confirmed.set(confirmed, (row.confirmed.get(confirmed) ?? 0) + 1);
    }
  }
}

/**
 * The report of a session, as an HTML page that needs no other files: for each person a chart, and the
 * share of each confirmed expression.
 */
export function sessionReport(timeline: SessionTimeline, header: StreamHeader): string {
  const { labels } = header;
  const seconds = Math.max(0, timeline.lastMs - timeline.firstMs) / 1000;
  const legend = labels
    .map((label, i) => `<span><i style="background:${colourOf(i)}"></i>${escapeHtml(label)}</span>`)
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
      const chart = stackedChart(row, timeline, labels);
      return `<section><h2>${escapeHtml(name)}</h2>${chart}${htmlTable(head, shares)}</section>`;
    })
    .join("\n");
  const body = `<h1>Session</h1>
<p>${counted(timeline.frames, "frame")} in ${seconds.toFixed(1)} s; model ${escapeHtml(header.model)}.
Expressions are what faces show, not what people feel.</p>
<p>Each chart shows the mean probability of each expression over time, from the first frame at the left to the last at the right. It is empty where the person was not visible.</p>
<p class="legend">${legend}</p>
${people || "<p>No face was visible.</p>"}`;
  return htmlPage("Session", body, STYLE);
}

/** The stacked mean probabilities over the session; empty where the person was not visible. */
function stackedChart(row: Row, timeline: SessionTimeline, labels: readonly string[]): string {
  const first = Math.floor(timeline.firstMs / BIN);
  const last = Math.floor(timeline.lastMs / BIN);
  const step = WIDTH / (last - first + 1);
  const bars = [...row.bins].flatMap(([at, { sums, count }]) => {
    let y = HEIGHT;
    return sums.map((sum, i) => {
      const height = (HEIGHT * sum) / count;
      y -= height;
      const x = (at - first) * step;
      return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(step + 0.2).toFixed(2)}" height="${height.toFixed(1)}" fill="${colourOf(i)}"/>`;
    });
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" shape-rendering="crispEdges" role="img" aria-label="Probabilities of ${escapeHtml(labels.join(", "))} over time">${bars.join("")}</svg>`;
}

const STYLE = `
svg { display: block; width: 100%; height: auto; margin: .75rem 0; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.legend span { display: inline-block; margin-right: 1rem; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .3em; }
`;
