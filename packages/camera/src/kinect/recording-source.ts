import { MienError } from "@mien/format";
import { delay } from "../system/delay.ts";
import { followSignal } from "../system/follow-signal.ts";
import type { Source, SourceFrame, SourceOptions } from "../source/source.ts";
import { readColour, readDepth, readRecording } from "./recording.ts";
import { HEIGHT, WIDTH } from "./picture-size.ts";
import { createRegistration } from "./registration.ts";

/**
 * Plays a Kinect recording; needs neither a Kinect nor libfreenect.
 *
 * A pair of pictures that cannot be read is left out with a notice; if none can be read, reading
 * throws the first error.
 *
 * @throws {MienError} if there is no recording, or its index or camera parameters are damaged.
 */
export async function openRecording(folder: string, options: SourceOptions = {}): Promise<Source> {
  const { cameraParameters, pairs } = await readRecording(folder);
  const { loop = false, realTime = false, onNotice } = options;
  const closing = new AbortController();
  const release = followSignal(closing, options.signal);
  const last = pairs.at(-1)?.timeMs ?? 0;
  const period = pairs.length > 1 ? last / (pairs.length - 1) : 1000 / 30;

  async function* read(signal?: AbortSignal): AsyncGenerator<SourceFrame, undefined> {
    const register = createRegistration(cameraParameters);
    const unfollow = followSignal(closing, signal);
    const started = performance.now();
    let good = 0;
    let problem: unknown;
    try {
      for (let index = 0; loop || index < pairs.length; index++) {
        const round = Math.floor(index / pairs.length);
        if (round > 0 && good === 0) break;
        const pair = pairs[index % pairs.length];
        if (pair === undefined) break;
        const timeMs = pair.timeMs + round * (last + period);
        if (realTime) {
          const early = started + timeMs - performance.now();
          if (early > 0) await delay(early, closing.signal);
          else if (early < -period && (loop || index < pairs.length - 1)) continue;
        }
        if (closing.signal.aborted) return;
        try {
          const [pixels, raw] = await Promise.all([
            readColour(pair.colourFile),
            readDepth(pair.depthFile),
          ]);
          good++;
          yield {
            index,
            timeMs,
            width: WIDTH,
            height: HEIGHT,
            pixels,
            depth: register(raw),
            discontinuity: good === 1,
          };
        } catch (error) {
          if (!(error instanceof MienError)) throw error;
          problem ??= error;
          if (round === 0)
            onNotice?.({ kind: "damaged", message: error.message, path: pair.colourFile, error });
        }
      }
      if (good === 0) throw problem;
    } finally {
      unfollow();
      release();
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
      closing.abort();
      release();
      return Promise.resolve();
    },
  };
}
