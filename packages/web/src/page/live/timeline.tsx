import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { colourOf } from "./expressions.ts";
import type { ExpressionHistory, ExpressionSeries } from "./expression-history.ts";
import { TimeSpan } from "./time-span.ts";

/** Time between two updates of the plots, in ms. */
const REFRESH = 500;
/** Height of a plot, in pixels. */
const HEIGHT = 64;
/** Height of the time axis under the last plot, in pixels. */
const AXIS = 30;
/** A person with fewer steps of history gets no plot. */
const LEAST_SAMPLES = 5;
const MOST_PLOTS = 6;

/** A stacked plot for each person, all of the same time. */
export function Timelines(props: {
  history: ExpressionHistory;
  labels: readonly string[];
  /** Whether names are hidden. */
  privacy: boolean;
}) {
  const { history, labels, privacy } = props;
  const [, tick] = useState(0);
  const span = useMemo(() => new TimeSpan(), []);
  useEffect(() => {
    const redraw = () => tick((n) => n + 1);
    span.onChange = redraw;
    const timer = setInterval(redraw, REFRESH);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => span.advance(history.now));
  // People seen in the last minute; all people while the span does not follow. Sorted by arrival, so
  // that plots do not change places under the mouse.
  const came = ({ times }: ExpressionSeries) => times[0] ?? 0;
  const lines = [...history.lines]
    .filter(([, { times }]) => times.length >= LEAST_SAMPLES)
    .filter(([, { lastSeen }]) => !span.follows || lastSeen >= span.min)
    .sort(([, a], [, b]) => b.lastSeen - a.lastSeen)
    .slice(0, MOST_PLOTS)
    .sort(([, a], [, b]) => came(a) - came(b));
  return (
    <section class="timelines" aria-labelledby="timeline-title">
      <header class="bar-head">
        <h2 id="timeline-title">Over time</h2>
        <div class="actions small">
          {!span.follows && (
            <button type="button" onClick={() => span.follow()}>
              Follow again
            </button>
          )}
          <button type="button" aria-label="Show less time" onClick={() => span.zoom(0.5)}>
            +
          </button>
          <button type="button" aria-label="Show more time" onClick={() => span.zoom(2)}>
            −
          </button>
        </div>
      </header>
      <ul class="legend" aria-label="Colours">
        {labels.map((label, i) => (
          <li key={label}>
            <i class="dot" style={{ background: colourOf(i) }} />
            {label}
          </li>
        ))}
      </ul>
      {lines.length === 0 && (
        <p class="quiet">
          {history.lines.size === 0
            ? "The expressions of each face over time appear here."
            : "No face was seen in the last minute."}
        </p>
      )}
      {lines.map(([name, line], i) => {
        const isLast = i === lines.length - 1;
        return (
          <Timeline
            key={name}
            name={privacy ? `Person ${i + 1}` : name}
            {...{ line, labels, span, isLast }}
          />
        );
      })}
    </section>
  );
}

interface TimelineProps {
  readonly name: string;
  readonly line: ExpressionSeries;
  readonly labels: readonly string[];
  readonly span: TimeSpan;
  /** Whether times stand under it. */
  readonly isLast: boolean;
}

/** Drag to zoom, scroll to move, double click to follow; on a touch screen, drag to move. */
function Timeline({ name, line, labels, span, isLast }: TimelineProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    const options = optionsFor(labels, size(), span);
    const made = new uPlot(options, stacked(line), element);
    plot.current = made;
    const leave = span.add(made);
    const unhook = listen(element, made.over, span);
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      unhook();
      leave();
      made.destroy();
    };
  }, [line, labels]);
  useEffect(() => {
    plot.current?.setData(stacked(line), false);
    plot.current?.setScale("x", { min: span.min, max: span.max });
  });
  return (
    <figure class="timeline">
      <figcaption>{name}</figcaption>
      <div
        ref={place}
        style={{ height: isLast ? HEIGHT + AXIS : HEIGHT }}
        tabIndex={0}
        role="group"
        aria-label={`Expressions of ${name} over time. Arrow keys move, plus and minus zoom, Home follows.`}
      />
    </figure>
  );
}

const KEYS: Readonly<Record<string, (span: TimeSpan) => void>> = {
  ArrowLeft: (span) => span.move(-0.1),
  ArrowRight: (span) => span.move(0.1),
  "+": (span) => span.zoom(0.8),
  "-": (span) => span.zoom(1.25),
  Home: (span) => span.follow(),
};

/** @returns how to stop listening. */
function listen(element: HTMLElement, over: HTMLElement, span: TimeSpan): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) span.zoom(event.deltaY > 0 ? 1.25 : 0.8);
    else span.move((event.deltaX || event.deltaY) / 500);
  };
  const key = (event: KeyboardEvent) => {
    const act = KEYS[event.key];
    if (act === undefined) return;
    act(span);
    event.preventDefault();
  };
  const touch = (event: PointerEvent) => {
    if (event.pointerType === "touch") span.move(-event.movementX / over.clientWidth);
  };
  // Without the capture, uPlot would select to the edge when the mouse leaves the plot.
  const hold = (event: PointerEvent) => over.setPointerCapture(event.pointerId);
  over.addEventListener("pointerdown", hold, { signal });
  over.addEventListener("wheel", wheel, { passive: false, signal });
  over.addEventListener("dblclick", () => span.follow(), { signal });
  over.addEventListener("pointermove", touch, { signal });
  element.addEventListener("keydown", key, { signal });
  return () => stop.abort();
}

/** Each series on top of those before it. */
function stacked({ times, shares }: ExpressionSeries): uPlot.AlignedData {
  const below = new Float64Array(times.length);
  const series = shares.map((values) =>
    values.map((value, i) => (value === null ? null : (below[i] = (below[i] as number) + value))),
  );
  return [times, ...series] as uPlot.AlignedData;
}

function optionsFor(
  labels: readonly string[],
  { width, height }: { width: number; height: number },
  span: TimeSpan,
): uPlot.Options {
  const root = getComputedStyle(document.documentElement);
  const size = 0.75 * parseFloat(root.fontSize);
  return {
    width,
    height,
    padding: [0, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    hooks: {
      // What is shown, in seconds; for tests to read.
      setScale: [
        ({ root, scales }) => {
          const { min, max } = scales["x"] ?? {};
          root.dataset["until"] = (max ?? 0).toFixed(3);
          root.dataset["seconds"] = ((max ?? 0) - (min ?? 0)).toFixed(1);
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select;
          if (dragged === 0) return;
          const right = Math.min(plot.over.clientWidth, left + dragged);
          span.show(plot.posToVal(Math.max(0, left), "x"), plot.posToVal(right, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
    scales: { y: { range: [0, 1] } },
    axes: [
      {
        // What is higher than a plot has times under it.
        size: ({ height }) => height - HEIGHT,
        stroke: root.getPropertyValue("--quiet"),
        grid: { show: false },
        ticks: { show: false },
        font: `${size}px system-ui`,
        space: 7.5 * size,
        values: (_, times) =>
          times.map((time) => new Date(time * 1000).toLocaleTimeString([], { hour12: false })),
      },
      { show: false },
    ],
    series: [
      {},
      ...labels.map((label, i) => ({
        label,
        stroke: colourOf(i),
        width: 0,
        points: { show: false },
        // The lowest one down to zero; the others down to the one before.
        ...(i === 0 ? { fill: colourOf(i) } : {}),
      })),
    ],
    bands: labels
      .slice(1)
      .map((_, i) => ({ series: [i + 2, i + 1] as [number, number], fill: colourOf(i + 1) })),
  };
}
