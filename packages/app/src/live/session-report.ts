import { counted } from "@mien/cli";
import type { StreamHeader } from "@mien/format";
import { escapeHtml, htmlPage, htmlTable, htmlTile } from "@mien/plot";
import { colourOf, roundedShares, type SessionPerson } from "@mien/web";
import { STEP, type SessionTimeline } from "./session-timeline.ts";

/** Size of the charts, in pixels. */
const WIDTH = 900;
const HEIGHT = 160;
/** The largest number of bars of a chart; in a longer session, a bar covers several steps. */
const MAX_BARS = 600;
/** The largest number of times below a chart. */
const MAX_TICKS = 7;
/** Possible distances between two times below a chart, in seconds; the last is used with multiples. */
const TICK_SECONDS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
];

/** What a report is about. */
export interface ReportSubject {
  /** The title of the page. */
  readonly title: string;
  /** The camera or file. */
  readonly source: string;
  /**
   * `clock`: the times of the timeline are milliseconds since 1970, and are shown as dates and times
   * of this machine. `media`: they count from the beginning of a film.
   */
  readonly times: "clock" | "media";
}

/**
 * The report of a session or a film, as an HTML page that needs no other files: when it was, and for
 * each person a chart over time and the share of each confirmed expression.
 */
export function sessionReport(
  timeline: SessionTimeline,
  header: StreamHeader,
  subject: ReportSubject,
): string {
  const { labels } = header;
  const legend = labels
    .map((label, i) => `<span><i style="background:${colourOf(i)}"></i>${escapeHtml(label)}</span>`)
    .join("");
  const { people } = timeline;
  const sections = people.map((person) => personSection(person, { timeline, labels, subject }));
  const body = `<h1>${escapeHtml(subject.title)}</h1>
<p>${escapeHtml(subject.source)}; model ${escapeHtml(header.model)}. Expressions are what faces show, not what people feel.</p>
<div class="tiles">${tiles(timeline, subject).join("")}</div>
${
  people.length === 0
    ? "<p>No face was visible.</p>"
    : `<p>Each chart shows the mean probability of each expression over time. It is empty where the person was not in the picture.</p>
<p class="legend">${legend}</p>
${sections.join("\n")}`
}`;
  return htmlPage(subject.title, body, STYLE);
}

/** Date, duration and size. */
function tiles(timeline: SessionTimeline, { times }: ReportSubject): string[] {
  const { firstMs, lastMs, frames, rows, seconds } = timeline;
  const began = Number.isFinite(firstMs) ? firstMs : lastMs;
  const date = new Date(began).toLocaleDateString("en-GB", { dateStyle: "long" });
  const when = `${clockTime(began, 1)} to ${clockTime(lastMs, 1)}, ${timeZone(began)}`;
  const shorter = seconds < 60 ? `${seconds.toFixed(1)} s` : duration(seconds);
  return [
    ...(times === "clock" ? [htmlTile("date", date, when)] : []),
    htmlTile("duration", shorter, seconds < 60 ? "" : "hours:minutes:seconds"),
    htmlTile("frames", String(frames), ""),
    htmlTile("faces", String(rows.size), "people, and tracks of unknown faces"),
  ];
}

/** Name, chart and table of a person. */
function personSection(
  { name, frames, confirmed }: SessionPerson,
  about: {
    readonly timeline: SessionTimeline;
    readonly labels: readonly string[];
    readonly subject: ReportSubject;
  },
): string {
  const { timeline, labels, subject } = about;
  const shares = roundedShares(confirmed.map(([, count]) => count));
  const rows = confirmed
    .map(([label, count], i) => [escapeHtml(label), String(count), `${shares[i]?.toFixed(1)} %`])
    .filter(([, count]) => count !== "0");
  const visible = ((timeline.rows.get(name)?.steps.size ?? 0) * STEP) / 1000;
  const whole = Math.max(timeline.seconds, STEP / 1000);
  const away = Math.max(0, whole - visible);
  const total = ["all", String(frames), "100.0 %"];
  return `<section><h2>${escapeHtml(name)}</h2>
<p>In the picture in ${counted(frames, "frame")} of ${timeline.frames}${away >= 1 ? `; away for about ${duration(away)}` : ""}.</p>
${stackedChart(name, timeline, labels)}${timeAxis(timeline, subject)}
${htmlTable(["Confirmed", "frames", "share"], [...rows, total])}</section>`;
}

/** The numbers of the first and the last bar of the charts, and the number of steps in each. */
function barsOf({ firstMs, lastMs }: SessionTimeline) {
  const steps = Math.floor(lastMs / STEP) - Math.floor(firstMs / STEP) + 1;
  const perBar = Math.ceil(steps / MAX_BARS);
  const first = Math.floor(firstMs / STEP / perBar);
  const last = Math.floor(lastMs / STEP / perBar);
  return { first, count: last - first + 1, perBar };
}

/** The stacked mean probabilities over the session; empty where the person was not visible. */
function stackedChart(name: string, timeline: SessionTimeline, labels: readonly string[]): string {
  const { first, count: bars, perBar } = barsOf(timeline);
  const width = WIDTH / bars;
  const merged = new Map<number, { sums: number[]; count: number }>();
  for (const [at, { sums, count }] of timeline.rows.get(name)?.steps ?? []) {
    const bar = Math.floor(at / perBar);
    const before = merged.get(bar) ?? { sums: labels.map(() => 0), count: 0 };
    merged.set(bar, {
      sums: before.sums.map((sum, i) => sum + (sums[i] ?? 0)),
      count: before.count + count,
    });
  }
  const rectangles = [...merged].flatMap(([bar, { sums, count }]) => {
    let y = HEIGHT;
    const x = (bar - first) * width;
    return sums.map((sum, i) => {
      const height = (HEIGHT * sum) / count;
      y -= height;
      return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(width + 0.2).toFixed(2)}" height="${height.toFixed(1)}" fill="${colourOf(i)}"/>`;
    });
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" shape-rendering="crispEdges" role="img" aria-label="Probabilities of ${escapeHtml(labels.join(", "))} over time">${rectangles.join("")}</svg>`;
}

/** The times below a chart. */
function timeAxis(timeline: SessionTimeline, { times }: ReportSubject): string {
  const { first, count, perBar } = barsOf(timeline);
  const beginMs = first * perBar * STEP;
  const lengthMs = count * perBar * STEP;
  const least = lengthMs / 1000 / MAX_TICKS;
  const longest = TICK_SECONDS.at(-1) ?? 1;
  const distance =
    TICK_SECONDS.find((seconds) => seconds >= least) ?? Math.ceil(least / longest) * longest;
  // At round times of the clock on the wall, which differs from UTC by whole minutes.
  const shiftMs = times === "clock" ? -60_000 * new Date(beginMs).getTimezoneOffset() : 0;
  const step = 1000 * distance;
  const ticks: string[] = [];
  for (
    let at = Math.ceil((beginMs + shiftMs) / step) * step - shiftMs;
    at <= beginMs + lengthMs;
    at += step
  ) {
    const text = times === "clock" ? clockTime(at, distance) : duration(at / 1000);
    const share = (100 * (at - beginMs)) / lengthMs;
    // Times at the edges would be cut off.
    if (share < 3 || share > 97) continue;
    ticks.push(`<span style="left:${share.toFixed(2)}%">${text}</span>`);
  }
  return `<div class="axis">${ticks.join("")}</div>`;
}

/** A time of day on this machine, without seconds if the step is whole minutes. */
function clockTime(ms: number, stepSeconds: number): string {
  const text = new Date(ms).toLocaleTimeString("en-GB");
  return stepSeconds % 60 === 0 ? text.slice(0, 5) : text;
}

/** The time zone of this machine, as `UTC+01:00`. */
function timeZone(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "−" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/** A duration as `0:05` or `1:02:03`. */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

const STYLE = `
svg { display: block; width: 100%; height: ${HEIGHT}px; margin: .75rem 0 0; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.axis { position: relative; height: 1.6rem; margin-bottom: .5rem; font-size: .8rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.axis span { position: absolute; top: .2rem; transform: translateX(-50%); }
.legend span { display: inline-block; margin-right: 1rem; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .3em; }
@media (max-width: 40rem) { .axis span:nth-child(even) { display: none; } }
`;
