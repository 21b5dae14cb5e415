import { existsSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runningChildren } from "@mien/cli";
import { delay } from "../system/delay.ts";
import type { Source } from "../source/source.ts";

/** The cost of reading a source. */
export interface SourceCost {
  readonly frames: number;
  readonly framesPerSecond: number;
  /**
   * Processor time of this process, measuring included, in percent of one core.
   */
  readonly cpuPercent: number;
  /** Processor time of its children, in percent of one core; null except on Linux. */
  readonly childCpuPercent: number | null;
  /** 99th percentile of the time between two turns of the event loop, at least 5 ms. */
  readonly gapP99Ms: number;
  /**
   * Growth of the JavaScript memory in use, after garbage collection, from one fifth of the run to its
   * end. Null, like the two below, if memory was not watched.
   */
  readonly growthBytes: number | null;
  /** Growth of all memory of the process, including native memory. */
  readonly residentGrowthBytes: number | null;
  /** Number of frames that are still reachable at the end. */
  readonly leakedFrames: number | null;
}

/** Processor time that the children have used so far, in seconds. */
function childSeconds(): number {
  let ticks = 0;
  for (const pid of runningChildren()) {
    const file = `/proc/${pid}/stat`;
    if (!existsSync(file)) continue;
    const fields = readFileSync(file, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

/** Collects garbage; V8 offers this only after a flag was set. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
}

/** Memory in use, in bytes. */
function memory(): { used: number; resident: number } {
  // The second collection waits for what the first one left to another thread.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, resident: rss };
}

/** Time limit for finalisers to run after garbage was collected, in milliseconds. */
const FINALISERS = 5000;

/** When to stop reading, and what to measure. */
export interface MeasureOptions {
  readonly frames?: number;
  readonly seconds?: number;
  /**
   * Whether to measure memory and which frames become garbage. This costs as much as reading: a watched
   * frame survives the quick collections of young garbage, which causes many more slow ones.
   */
  readonly watch: boolean;
  /** Called after each frame with the number of frames. */
  readonly onFrame?: (count: number) => void;
}

/** Reads a source for a number of frames or a time, whichever ends first, and closes it. */
export async function measureSource(source: Source, options: MeasureOptions): Promise<SourceCost> {
  const collected = new Set<number>();
  const registry = new FinalizationRegistry((index: number) => collected.add(index));
  const { early, ...cost } = await read(source, options, registry);
  if (early === undefined) {
    return { ...cost, growthBytes: null, residentGrowthBytes: null, leakedFrames: null };
  }
  const deadline = performance.now() + FINALISERS;
  let late = memory();
  while (collected.size < cost.frames && performance.now() < deadline) {
    await delay(50);
    late = memory();
  }
  return {
    ...cost,
    growthBytes: late.used - early.used,
    residentGrowthBytes: late.resident - early.resident,
    leakedFrames: cost.frames - collected.size,
  };
}

/** Reads the frames; a function of its own, so that no reference to the last frame remains. */
async function read(
  source: Source,
  { frames: most = Infinity, seconds = Infinity, watch, onFrame }: MeasureOptions,
  registry: FinalizationRegistry<number>,
) {
  const gaps = monitorEventLoopDelay({ resolution: 5 });
  const started = performance.now();
  const cpu = process.cpuUsage();
  const childStart = childSeconds();
  let childEnd = childStart;
  let early: ReturnType<typeof memory> | undefined;
  let count = 0;
  gaps.enable();
  for await (const frame of source.frames()) {
    if (watch) registry.register(frame, count);
    count++;
    onFrame?.(count);
    const share = Math.max(count / most, (performance.now() - started) / 1000 / seconds);
    if (watch && share >= 0.2) early ??= memory();
    if (count % 15 === 0) childEnd = childSeconds();
    if (share >= 1) break;
  }
  gaps.disable();
  const elapsed = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    frames: count,
    framesPerSecond: count / elapsed,
    cpuPercent: (user + system) / 1e4 / elapsed,
    childCpuPercent: existsSync("/proc/self/stat")
      ? (100 * (childEnd - childStart)) / elapsed
      : null,
    gapP99Ms: gaps.percentile(99) / 1e6,
    early: watch ? (early ?? memory()) : undefined,
  };
}
