import { existsSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runningChildren } from "@mien/cli";
import { delay } from "../system/delay.ts";
import type { Source } from "../source/source.ts";

/** Frame rate, processor time and memory of reading a source. */
export interface SourceCost {
  readonly frames: number;
  readonly framesPerSecond: number;
  /** Processor time of this process in percent of one core; includes the measuring. */
  readonly cpuPercent: number;
  /** Processor time of its children in percent of one core; null on systems other than Linux. */
  readonly childCpuPercent: number | null;
  /** Delay of this process' event loop in milliseconds: 99th percentile, at a resolution of 5 ms. */
  readonly gapP99Ms: number;
  /**
   * Growth of the JavaScript memory in use from a fifth of the frames to the end, in bytes, both
   * times after garbage collection. This value and the next two are null unless memory was watched.
   */
  readonly growthBytes: number | null;
  /** Growth of the resident memory of the process, which includes native memory, in bytes. */
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

/** Collects garbage; V8 has this function only after a flag was set. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
}

/** Memory in use after garbage collection, in bytes. */
function memory(): { used: number; resident: number } {
  // The second call waits for the part of the first one that runs in another thread.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, resident: rss };
}

/** Longest wait for finalisers after garbage collection, in milliseconds. */
const FINALISERS = 5000;

/** How much of a source is read, and what is measured. */
export interface MeasureOptions {
  /** Number of frames to read; default unlimited. */
  readonly frames?: number;
  /** Time to read; default unlimited. */
  readonly seconds?: number;
  /**
   * Whether to measure memory and to count the frames that are never garbage collected. This takes
   * as much time as reading them: watched frames survive the fast collections of young objects, so
   * that many more slow collections are needed.
   */
  readonly watch: boolean;
  /** Called after each frame with the number of frames so far. */
  readonly onFrame?: (count: number) => void;
}

/** Reads a source until the first of the two limits, and closes it. */
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

/** A function of its own, so that no variable holds the last frame when it has returned. */
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
