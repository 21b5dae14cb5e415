import { setTimeout } from "node:timers/promises";
import type { ServerFigures, ServerProcess } from "./server-process.ts";
import { openViewers } from "./measured-viewers.ts";
import type { ShownFrame, WatchedPage } from "./watched-page.ts";

/** What one page saw, and what it cost the server. */
export interface LiveFigures {
  readonly seconds: number;
  readonly framesPerSecond: number;
  /** In the slowest whole second. */
  readonly slowestSecond: number;
  /** From the picture to what is drawn of it: by the page's camera, else from its arrival. */
  readonly latencyMedianMs: number;
  readonly latencyP95Ms: number;
  /** Of the server, in percent of one core. */
  readonly cpuPercent: number;
  /** Resident megabytes of the server: medians of the first and the last tenth of the time. */
  readonly memoryFirstMb: number;
  readonly memoryLastMb: number;
  /** Frames a second of the slowest other viewer that reads; null without viewers. */
  readonly slowestViewer: number | null;
}

/** Loading and the first frames do not count, in milliseconds. */
const WARM_UP = 3000;

/**
 * Watches a page for some time.
 *
 * @param options.viewers that look on, the first of them stalled; 0 for none.
 */
export async function measureLive(
  server: ServerProcess,
  watched: WatchedPage,
  options: {
    readonly seconds: number;
    readonly viewers: number;
    readonly signal: AbortSignal;
    onSecond(done: number): void;
  },
): Promise<LiveFigures> {
  const { viewers: count, signal } = options;
  const viewers = count > 0 ? await openViewers(server.origin, count) : undefined;
  try {
    await setTimeout(WARM_UP, undefined, { signal });
    await watched.frames();
    viewers?.counts();
    const frames: ShownFrame[] = [];
    const figures: ServerFigures[] = [await server.figures()];
    for (let second = 1; second <= options.seconds; second++) {
      await setTimeout(1000, undefined, { signal });
      frames.push(...(await watched.frames()));
      figures.push(await server.figures());
      options.onSecond(second);
    }
    const first = figures[0] as ServerFigures;
    const last = figures.at(-1) as ServerFigures;
    const seconds = (last.timeMs - first.timeMs) / 1000;
    const latencies = frames.map(({ latencyMs }) => latencyMs);
    const memory = figures.map(({ memoryBytes }) => memoryBytes / 1e6);
    const tenth = Math.max(1, Math.round(memory.length / 10));
    const counts = viewers?.counts() ?? [];
    return {
      seconds,
      framesPerSecond: frames.length / seconds,
      slowestSecond: slowestSecond(frames),
      latencyMedianMs: quantile(latencies, 0.5),
      latencyP95Ms: quantile(latencies, 0.95),
      cpuPercent: (100 * (last.cpuSeconds - first.cpuSeconds)) / seconds,
      memoryFirstMb: quantile(memory.slice(0, tenth), 0.5),
      memoryLastMb: quantile(memory.slice(-tenth), 0.5),
      slowestViewer: counts.length === 0 ? null : Math.min(...counts) / seconds,
    };
  } finally {
    viewers?.close();
  }
}

/** Whole seconds from the first frame on. */
function slowestSecond(frames: readonly ShownFrame[]): number {
  const start = frames[0]?.timeMs ?? 0;
  const counts = new Map<number, number>();
  for (const { timeMs } of frames) {
    const second = Math.floor((timeMs - start) / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  const whole = Math.floor(((frames.at(-1)?.timeMs ?? 0) - start) / 1000);
  return Math.min(...Array.from({ length: Math.max(1, whole) }, (_, i) => counts.get(i) ?? 0));
}

/** The value below which a share of the values lies; NaN if there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
