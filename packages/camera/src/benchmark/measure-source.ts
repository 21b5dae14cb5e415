import { existsSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runningChildren } from "../child-processes.ts";
import { delay } from "../delay.ts";
import type { Source } from "../source.ts";

/** What reading a source costs. */
export interface SourceCost {
  readonly frames: number;
  readonly framesPerSecond: number;
  /**
   * Of one core, of this process and of its children; the latter only where Linux tells. Measuring is
   * included.
   */
  readonly cpuPercent: number;
  readonly childCpuPercent: number | null;
  /** Between two turns of this process' event loop, of at least 5 ms, 99th percentile. */
  readonly gapP99Ms: number;
  /**
   * How much more JavaScript memory was in use at the end than after a fifth, garbage collected; null,
   * as what follows, if memory was not watched.
   */
  readonly growthBytes: number | null;
  /** The same of the whole process' memory, native memory included. */
  readonly residentGrowthBytes: number | null;
  /** Frames that are still reachable at the end. */
  readonly leakedFrames: number | null;
}

/** @returns what children have used so far, in seconds. */
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

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Memory in use, in bytes. */
function memory(): { used: number; resident: number } {
  // The second time waits for what the first one left to another thread.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, resident: rss };
}

/** How long finalisers may take after garbage was collected, in milliseconds. */
const FINALISERS = 5000;

/** When to stop reading, and whom to tell. */
export interface MeasureOptions {
  readonly frames?: number;
  readonly seconds?: number;
  /**
   * Watches memory, and which frames become garbage. That costs as much as reading them: a watched
   * frame outlives the quick collections of young garbage, so that there are many more slow ones.
   */
  readonly watch: boolean;
  /** Told after each frame how many there were. */
  readonly onFrame?: (count: number) => void;
}

/** Reads a source for so many frames or so long, whichever ends first, and closes it. */
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

/** A function of its own, so that nothing of the last frame is left when it has returned. */
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
