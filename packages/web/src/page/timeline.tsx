import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { colourOf } from "./expressions.ts";
import type { History, Line } from "./history.ts";

/** Seconds that are shown while the plot follows. */
const SPAN = 60;
const REFRESH = 500;
const HEIGHT = 140;

/** A stacked plot for each person: drag to zoom, scroll to move, double click to follow again. */
export function Timelines(props: {
  history: History;
  labels: readonly string[];
  /** Whether names are hidden. */
  privacy: boolean;
}) {
  const { history, labels, privacy } = props;
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), REFRESH);
    return () => clearInterval(timer);
  }, []);
  const lines = [...history.lines].sort(([, a], [, b]) => b.lastSeen - a.lastSeen).slice(0, 6);
  return (
    <section class="timelines" aria-labelledby="timeline-title">
      <header class="bar-head">
        <h2 id="timeline-title">Over time</h2>
        <ul class="legend" aria-label="Colours">
          {labels.map((label, i) => (
            <li key={label}>
              <i class="dot" style={{ background: colourOf(i) }} />
              {label}
            </li>
          ))}
        </ul>
      </header>
      {lines.length === 0 && <p class="quiet">Here comes what each face shows over time.</p>}
      {lines.map(([name, line], i) => (
        <Timeline
          key={name}
          name={privacy ? `Person ${i + 1}` : name}
          line={line}
          labels={labels}
        />
      ))}
    </section>
  );
}

function Timeline({ name, line, labels }: { name: string; line: Line; labels: readonly string[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const follows = useRef(true);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(labels, element.clientWidth), stacked(line), element);
    plot.current = made;
    const show = (min: number, max: number) => {
      follows.current = max >= line.lastSeen;
      made.setScale("x", { min, max });
    };
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { min = 0, max = 1 } = made.scales["x"] ?? {};
      const span = (max ?? 1) - (min ?? 0);
      if (event.ctrlKey || event.metaKey) {
        const factor = event.deltaY > 0 ? 1.2 : 1 / 1.2;
        show((max ?? 1) - span * factor, max ?? 1);
      } else {
        const move = ((event.deltaX || event.deltaY) / 500) * span;
        show((min ?? 0) + move, (max ?? 1) + move);
      }
    };
    const key = (event: KeyboardEvent) => {
      const { min = 0, max = 1 } = made.scales["x"] ?? {};
      const step = ((max ?? 1) - (min ?? 0)) / 10;
      if (event.key === "ArrowLeft") show((min ?? 0) - step, (max ?? 1) - step);
      else if (event.key === "ArrowRight") show((min ?? 0) + step, (max ?? 1) + step);
      else if (event.key === "+") show((min ?? 0) + step, max ?? 1);
      else if (event.key === "-") show((min ?? 0) - step, max ?? 1);
      else if (event.key === "Home") follows.current = true;
      else return;
      event.preventDefault();
    };
    const follow = () => (follows.current = true);
    const hold = () => (follows.current = false);
    made.over.addEventListener("wheel", wheel, { passive: false });
    made.over.addEventListener("dblclick", follow);
    made.over.addEventListener("mousedown", hold);
    element.addEventListener("keydown", key);
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      element.removeEventListener("keydown", key);
      made.destroy();
    };
  }, [line, labels]);
  useEffect(() => {
    const made = plot.current;
    if (made === null) return;
    const { min, max } = made.scales["x"] ?? {};
    made.setData(stacked(line), false);
    if (follows.current) made.setScale("x", { min: line.lastSeen - SPAN, max: line.lastSeen });
    else if (min != null && max != null) made.setScale("x", { min, max });
  });
  return (
    <figure class="timeline">
      <figcaption>{name}</figcaption>
      <div
        ref={place}
        tabIndex={0}
        role="group"
        aria-label={`Expressions of ${name} over time. Arrow keys move, plus and minus zoom, Home follows.`}
      />
    </figure>
  );
}

/** Each series on top of those before it. */
function stacked({ times, shares }: Line): uPlot.AlignedData {
  const below = new Float64Array(times.length);
  const series = shares.map((values) =>
    values.map((value, i) => (value === null ? null : (below[i] = (below[i] as number) + value))),
  );
  return [times, ...series] as uPlot.AlignedData;
}

function optionsFor(labels: readonly string[], width: number): uPlot.Options {
  const root = getComputedStyle(document.documentElement);
  const ink = root.getPropertyValue("--quiet");
  const size = 0.75 * parseFloat(root.fontSize);
  const axis = {
    stroke: ink,
    grid: { show: false },
    ticks: { show: false },
    font: `${size}px system-ui`,
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
    scales: { y: { range: [0, 1] } },
    axes: [
      {
        ...axis,
        space: 7.5 * size,
        values: (_, times) => times.map((time) => new Date(time * 1000).toLocaleTimeString()),
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
