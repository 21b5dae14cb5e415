import { MienError, type Frame } from "@mien/format";
import { delay } from "../delay.ts";
import type { Source, SourceOptions } from "../source.ts";
import { readColour, readDepth, readRecording } from "./recording.ts";
import { createRegistration, HEIGHT, WIDTH } from "./registration.ts";

/**
 * Plays a Kinect's recording; neither a Kinect nor libfreenect is needed.
 *
 * A pair of pictures that cannot be read is left out with a notice; if none can, it is an error.
 *
 * @throws {MienError} if there is no recording, or its index or calibration is damaged.
 */
export async function openRecording(folder: string, options: SourceOptions = {}): Promise<Source> {
  const { calibration, pairs } = await readRecording(folder);
  const { loop = false, realTime = false, onNotice } = options;
  const closing = new AbortController();
  const stop = () => closing.abort();
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  const last = pairs.at(-1)?.timeMs ?? 0;
  const period = pairs.length > 1 ? last / (pairs.length - 1) : 1000 / 30;

  async function* read(signal?: AbortSignal): AsyncGenerator<Frame, undefined> {
    const register = createRegistration(calibration);
    signal?.addEventListener("abort", stop, { once: true });
    const started = performance.now();
    let good = 0;
    let problem: unknown;
    try {
      for (let index = 0; loop || index < pairs.length; index++) {
        const round = Math.floor(index / pairs.length);
        if (round > 0 && good === 0) break;
        const pair = pairs[index % pairs.length] as (typeof pairs)[number];
        const timeMs = pair.timeMs + round * (last + period);
        if (realTime) {
          const early = started + timeMs - performance.now();
          if (early > 0) await delay(early, closing.signal);
          else if (early < -period && (loop || index < pairs.length - 1)) continue;
        }
        if (closing.signal.aborted || signal?.aborted) return;
        try {
          const [pixels, raw] = await Promise.all([
            readColour(pair.colourFile),
            readDepth(pair.depthFile),
          ]);
          good++;
          yield { index, timeMs, width: WIDTH, height: HEIGHT, pixels, depth: register(raw) };
        } catch (error) {
          if (!(error instanceof MienError)) throw error;
          problem ??= error;
          if (round === 0)
            onNotice?.({ kind: "damaged", message: error.message, path: pair.colourFile, error });
        }
      }
      if (good === 0) throw problem;
    } finally {
      signal?.removeEventListener("abort", stop);
      options.signal?.removeEventListener("abort", stop);
    }
  }
  return {
    name: `Kinect recording ${folder}`,
    kind: "video",
    width: WIDTH,
    height: HEIGHT,
    framesPerSecond: 1000 / period,
    length: loop ? null : pairs.length,
    frames: read,
    close() {
      stop();
      return Promise.resolve();
    },
  };
}
