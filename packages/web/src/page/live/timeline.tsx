import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { colourOf } from "../../label-colours.ts";
import type { ExpressionHistory, ExpressionSeries } from "./expression-history.ts";
import { shownName } from "./expressions.ts";
import { PlotValues } from "./plot-values.ts";
import { TimeSpan } from "./time-span.ts";

/** Time between two updates of the plots, in ms. */
const REFRESH = 500;
/** Height of a plot, in pixels. */
const HEIGHT = 64;
/** Height of the time axis under the last plot, in pixels. */
const AXIS = 30;
/** A person with fewer steps of history than this gets no plot. */
const MIN_STEPS = 5;
/** The largest number of plots; they show the people who were seen last. */
const MAX_PLOTS = 6;

/** A stacked plot of expressions for each person; all plots show the same time span. */
export function Timelines(props: {
  history: ExpressionHistory;
  labels: readonly string[];
  /** Whether names are hidden. */
  privacy: boolean;
}) {
  const { history, labels, privacy } = props;
  const [, setRedraws] = useState(0);
  const span = useMemo(() => new TimeSpan(), []);
  useEffect(() => {
    const redraw = () => setRedraws((n) => n + 1);
    span.onChange = redraw;
    // At once, because the name of a deleted person must not stay on the page.
    history.onRemove = redraw;
    const timer = setInterval(redraw, REFRESH);
    return () => {
      clearInterval(timer);
      history.onRemove = () => undefined;
    };
  }, []);
  useEffect(() => span.advance(history.now));
  // Shows people who were seen in the span that follows the newest result, or all people if the span
  // does not follow. They are in the order of their first appearance, so that no plot moves.
  const firstSeen = ({ times }: ExpressionSeries) => times[0] ?? 0;
  const shown = [...history.series]
    .filter(([, { times }]) => times.length >= MIN_STEPS)
    .filter(([, { lastSeen }]) => !span.follows || lastSeen >= span.min)
    .sort(([, a], [, b]) => b.lastSeen - a.lastSeen)
    .slice(0, MAX_PLOTS)
    .sort(([, a], [, b]) => firstSeen(a) - firstSeen(b));
  return (
    <section class="timelines" aria-labelledby="timeline-title">
      <header class="bar-head">
        <h2 id="timeline-title">Over time</h2>
        <div class="actions small">
          {!span.follows && (
            <button type="button" onClick={() => span.follow()}>
              Back to live
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
      {shown.length === 0 && (
        <p class="quiet">
          {history.series.size === 0
            ? "The expressions of each face over time appear here."
            : "No face was seen in the last minute."}
        </p>
      )}
      {shown.map(([name, series], i) => {
        const isLast = i === shown.length - 1;
        return (
          <Timeline
            key={name}
            name={privacy ? shownName({ person: null, track: series.track }, true) : name}
            series={series}
            labels={labels}
            span={span}
            isLast={isLast}
          />
        );
      })}
    </section>
  );
}

interface TimelineProps {
  readonly name: string;
  readonly series: ExpressionSeries;
  readonly labels: readonly string[];
  readonly span: TimeSpan;
  /** Whether the time axis is drawn below it. */
  readonly isLast: boolean;
}

/**
 * One plot, which shows the values at the pointer. Dragging selects the time to show, scrolling moves in time, and a double click follows the
 * newest result again. On a touch screen, dragging moves in time.
 */
function Timeline({ name, series, labels, span, isLast }: TimelineProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const values = useRef<PlotValues | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    const options = optionsFor(labels, size(), span);
    const made = new uPlot(options, stacked(series), element);
    plot.current = made;
    values.current = new PlotValues(made, labels, series);
    const removeFromSpan = span.add(made);
    const removeControls = addControls(element, made.over, span);
    const observer = new ResizeObserver(() => made.setSize(size()));
    observer.observe(element);
    return () => {
      observer.disconnect();
      removeControls();
      removeFromSpan();
      made.destroy();
    };
  }, [series, labels]);
  useEffect(() => {
    plot.current?.setData(stacked(series), false);
    plot.current?.setScale("x", { min: span.min, max: span.max });
    values.current?.update(series);
  });
  return (
    <figure class="timeline">
      <figcaption>{name}</figcaption>
      <div
        ref={place}
        style={{ height: isLast ? HEIGHT + AXIS : HEIGHT }}
        tabIndex={0}
        onPointerMove={() => values.current?.update(series)}
        onPointerLeave={() => values.current?.update(series)}
        onFocus={() => values.current?.focus(true)}
        onBlur={() => values.current?.focus(false)}
        role="group"
        aria-label={`Expressions of ${name} over time. Arrow keys move in time, plus and minus zoom, Home goes back to live.`}
      />
    </figure>
  );
}

/** What each key does in a plot that has the focus. */
const KEYS: Readonly<Record<string, (span: TimeSpan) => void>> = {
  ArrowLeft: (span) => span.move(-0.1),
  ArrowRight: (span) => span.move(0.1),
  "+": (span) => span.zoom(0.8),
  "-": (span) => span.zoom(1.25),
  Home: (span) => span.follow(),
};

/**
 * Lets the mouse, touch and the keyboard change the time span.
 *
 * @param element gets the keys.
 * @param over the part of the plot without its axes, which gets the mouse and touch.
 * @returns a function that removes the listeners.
 */
function addControls(element: HTMLElement, over: HTMLElement, span: TimeSpan): () => void {
  const removal = new AbortController();
  const { signal } = removal;
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) span.zoom(event.deltaY > 0 ? 1.25 : 0.8);
    else span.move((event.deltaX || event.deltaY) / 500);
  };
  const key = (event: KeyboardEvent) => {
    const change = KEYS[event.key];
    if (change === undefined) return;
    change(span);
    event.preventDefault();
  };
  const touch = (event: PointerEvent) => {
    if (event.pointerType === "touch") span.move(-event.movementX / over.clientWidth);
  };
  // Otherwise uPlot would extend the selection to the edge when the mouse leaves the plot.
  const capture = (event: PointerEvent) => over.setPointerCapture(event.pointerId);
  over.addEventListener("pointerdown", capture, { signal });
  // Where text around the plot is selected, the browser would drag that text instead.
  over.addEventListener("dragstart", (event) => event.preventDefault(), { signal });
  over.addEventListener("wheel", wheel, { passive: false, signal });
  over.addEventListener("dblclick", () => span.follow(), { signal });
  over.addEventListener("pointermove", touch, { signal });
  element.addEventListener("keydown", key, { signal });
  return () => removal.abort();
}

/** The data of a plot: the values of each label, added to those of the labels before it. */
function stacked({ times, shares }: ExpressionSeries): uPlot.AlignedData {
  const below = new Float64Array(times.length);
  const sums = shares.map((values) =>
    values.map((value, i) => (value === null ? null : (below[i] = (below[i] ?? 0) + value))),
  );
  return [times, ...sums];
}

/** The options of a plot of the given size, in pixels. */
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
    cursor: {
      y: false,
      sync: { key: "time", setSeries: false },
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
    },
    hooks: {
      // The end of the time span in seconds since 1970 and its length in seconds, for tests.
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
        // Only the last plot is higher than `HEIGHT`, by the size of its axis.
        size: ({ height }) => height - HEIGHT,
        stroke: root.getPropertyValue("--quiet"),
        grid: { show: false },
        ticks: { show: false },
        font: `${size}px system-ui`,
        space: 7.5 * size,
        // Leaves out a time at an edge of the plot, where it would be cut off.
        filter: (plot, times) =>
          times.map((time) => {
            const x = plot.valToPos(time, "x");
            return x < 2.5 * size || x > plot.over.clientWidth - 2.5 * size ? null : time;
          }),
        values: (_, times) =>
          times.map((time) =>
            time === null ? "" : new Date(time * 1000).toLocaleTimeString([], { hour12: false }),
          ),
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
        // The first series is filled down to zero. Bands fill the others down to the one before.
        ...(i === 0 ? { fill: colourOf(i) } : {}),
      })),
    ],
    bands: labels
      .slice(1)
      .map((_, i): uPlot.Band => ({ series: [i + 2, i + 1], fill: colourOf(i + 1) })),
  };
}
