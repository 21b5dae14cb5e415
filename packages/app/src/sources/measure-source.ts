import { existsSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runningChildren } from "./child-processes.ts";
import type { Source } from "./source.ts";

/** What reading a source costs. */
export interface SourceCost {
  readonly frames: number;
  readonly framesPerSecond: number;
  /** Of one core, of this process and of its children; the latter only where Linux tells. */
  readonly cpuPercent: number;
  readonly childCpuPercent: number | null;
  /** How late this process' event loop was, 99th percentile. */
  readonly gapP99Ms: number;
  /** How much more memory was in use at the end than after a fifth, garbage collected. */
  readonly growthBytes: number;
  /** Frames that are still reachable at the end. */
  readonly leakedFrames: number;
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

/** Reads a source for so many frames or so long, whichever ends first, and closes it. */
export async function measureSource(
  source: Source,
  limits: {
    readonly frames?: number;
    readonly seconds?: number;
    /** Told after each frame how many there were. */
    readonly onFrame?: (count: number) => void;
  },
): Promise<SourceCost> {
  const { frames: most = Infinity, seconds = Infinity, onFrame } = limits;
  const collected = new Set<number>();
  const registry = new FinalizationRegistry((index: number) => collected.add(index));
  const memory = () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const gaps = monitorEventLoopDelay({ resolution: 5 });
  const started = performance.now();
  const cpu = process.cpuUsage();
  const childStart = childSeconds();
  let childEnd = childStart;
  let early: number | undefined;
  let count = 0;
  gaps.enable();
  for await (const frame of source.frames()) {
    registry.register(frame, count);
    count++;
    onFrame?.(count);
    const share = Math.max(count / most, (performance.now() - started) / 1000 / seconds);
    if (share >= 0.2) early ??= memory();
    if (count % 15 === 0) childEnd = childSeconds();
    if (share >= 1) break;
  }
  gaps.disable();
  const elapsed = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  // Finalisers run some time after the collection.
  for (let i = 0; i < 5; i++) {
    memory();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    frames: count,
    framesPerSecond: count / elapsed,
    cpuPercent: (user + system) / 1e4 / elapsed,
    childCpuPercent: existsSync("/proc/self/stat")
      ? (100 * (childEnd - childStart)) / elapsed
      : null,
    gapP99Ms: gaps.percentile(99) / 1e6,
    growthBytes: memory() - (early ?? 0),
    leakedFrames: count - collected.size,
  };
}
