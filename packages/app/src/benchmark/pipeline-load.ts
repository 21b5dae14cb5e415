import { stopIfAborted } from "@mien/bench";
import { createPipeline, type Picture } from "@mien/runtime";
import { filmOf, type Models } from "./mien-contenders.ts";

/** Processor time of a pipeline that keeps up with a camera. */
export interface Load {
  /** Interval between face detections, in frames. */
  readonly detectEvery: number;
  /** Milliseconds of processor time a frame. */
  readonly cpuMs: number;
  /** Share of one core, 0–1, at 30 frames a second. */
  readonly share: number;
}

/** Number of frames over which processor time is averaged. */
const LOAD_FRAMES = 300;

/** Measures the processor time of this process, one frame at a time. */
export async function measureLoad(
  models: Models,
  picture: Picture,
  detectEvery: number,
): Promise<Load> {
  const pipeline = await createPipeline({ ...models, detectEvery });
  try {
    const next = filmOf(pipeline, picture);
    for (let i = 0; i < 30; i++) await next();
    const before = process.cpuUsage();
    for (let i = 0; i < LOAD_FRAMES; i++) await next();
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1000 / LOAD_FRAMES;
    return { detectEvery, cpuMs, share: (cpuMs * 30) / 1000 };
  } finally {
    await pipeline.close();
  }
}

/** Memory of the process over many frames. */
interface Soak {
  readonly frames: number;
  /** Resident megabytes after a tenth of the frames, and at the end. */
  readonly earlyMb: number;
  readonly lateMb: number;
}

/**
 * Processes many frames, two at a time, and measures memory.
 *
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function soak(
  models: Models,
  picture: Picture,
  options: { readonly frames: number; readonly signal: AbortSignal; onFrame(done: number): void },
): Promise<Soak> {
  const { frames, signal } = options;
  const pipeline = await createPipeline({ ...models, background: true });
  try {
    const next = filmOf(pipeline, picture);
    let earlyMb = 0;
    let ahead = next();
    for (let i = 1; i <= frames; i++) {
      stopIfAborted(signal);
      const before = ahead;
      ahead = next();
      await before;
      if (i === Math.ceil(frames / 10)) earlyMb = process.memoryUsage.rss() / 1e6;
      options.onFrame(i);
    }
    return { frames, earlyMb, lateMb: process.memoryUsage.rss() / 1e6 };
  } finally {
    await pipeline.close();
  }
}
