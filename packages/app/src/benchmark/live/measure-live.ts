import { setTimeout } from "node:timers/promises";
import { median, quantile } from "@mien/bench";
import type { ShownFrame } from "@mien/web";
import type { ServerProcess } from "./server-process.ts";
import { openViewers } from "./measured-viewers.ts";
import type { WatchedPage } from "./watched-page.ts";

/** The frames that one page showed, and the resources of the server. */
export interface LiveFigures {
  readonly seconds: number;
  readonly framesPerSecond: number;
  /** Frames in the slowest whole second. */
  readonly slowestSecond: number;
  /** From the capture of a frame by the page's camera, or else its arrival at the server, until it is drawn. */
  readonly latencyMedianMs: number;
  readonly latencyP95Ms: number;
  /** Processor time of the server, in percent of one core. */
  readonly cpuPercent: number;
  /** Resident megabytes of the server: medians of the first and the last tenth of the time. */
  readonly memoryFirstMb: number;
  readonly memoryLastMb: number;
  /** Frames per second of the slowest other viewer that reads; null without viewers. */
  readonly slowestViewer: number | null;
}

/** Time for loading and the first frames, which is not measured, in milliseconds. */
const WARM_UP = 3000;

/**
 * Measures a page for some time.
 *
 * @param options.viewers number of further viewers, of which the first reads nothing; 0 for none.
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
    const first = await server.figures();
    let last = first;
    const memory = [first.memoryBytes / 1e6];
    for (let second = 1; second <= options.seconds; second++) {
      await setTimeout(1000, undefined, { signal });
      frames.push(...(await watched.frames()));
      last = await server.figures();
      memory.push(last.memoryBytes / 1e6);
      options.onSecond(second);
    }
    const seconds = (last.timeMs - first.timeMs) / 1000;
    const latencies = frames.map(({ latencyMs }) => latencyMs);
    const tenth = Math.max(1, Math.round(memory.length / 10));
    const counts = viewers?.counts() ?? [];
    return {
      seconds,
      framesPerSecond: frames.length / seconds,
      slowestSecond: slowestSecond(frames),
      latencyMedianMs: median(latencies),
      latencyP95Ms: quantile(latencies, 0.95),
      cpuPercent: (100 * (last.cpuSeconds - first.cpuSeconds)) / seconds,
      memoryFirstMb: median(memory.slice(0, tenth)),
      memoryLastMb: median(memory.slice(-tenth)),
      slowestViewer: counts.length === 0 ? null : Math.min(...counts) / seconds,
    };
  } finally {
    viewers?.close();
  }
}

/** The number of frames in the slowest whole second after the first frame. */
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
