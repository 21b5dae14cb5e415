import { MienError, describeValue } from "@mien/format";
import type { InBrowser } from "./image/in-browser.ts";
import type { PictureSource } from "./image/picture-source.ts";
import { playStream, videoFrames } from "./image/video-frames.ts";
import type { PipelineResult } from "./pipeline-result.ts";
import type { ProcessOptions } from "./process-options.ts";

/**
 * Where `Pipeline.run` gets its pictures from: a list or generator of pictures, also an asynchronous
 * one, such as a `ReadableStream` of `VideoFrame`s; in a browser also a video element, whose frames
 * are read as it plays, or the `MediaStream` of a camera.
 */
export type FrameStream =
  | Iterable<PictureSource>
  | AsyncIterable<PictureSource>
  | InBrowser<"HTMLVideoElement">
  | InBrowser<"MediaStream">;

/** Frames that are processed at a time: more only wait. */
const AT_A_TIME = 2;

/**
 * Processes the pictures of a stream in order. The next picture is already processed while the result
 * of the one before is awaited, but no result waits for a picture that has not come yet.
 *
 * @param process one picture.
 * @throws what the stream or `process` throws; `interrupted` if the signal fires.
 */
export async function* runFrames(
  process: (picture: PictureSource, options: ProcessOptions) => Promise<PipelineResult>,
  stream: FrameStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<PipelineResult, void, undefined> {
  const pictures = iteratorOf(stream, signal);
  const running: Promise<PipelineResult>[] = [];
  let next: Promise<Arrival> | undefined = arrivalOf(pictures);
  let failure: Failure | undefined;
  try {
    for (;;) {
      const [first] = running;
      if (next !== undefined && running.length < AT_A_TIME) {
        const arrival = await (first === undefined ? next : Promise.race([next, settled(first)]));
        // Undefined if the first result is there before the next picture.
        if (arrival !== undefined) {
          next = undefined;
          // The results of the pictures before an error come first.
          if ("error" in arrival) failure = arrival;
          else if (arrival.done !== true) {
            const work = process(arrival.value, { signal });
            // An error is thrown when the result's turn comes; until then it is not unhandled.
            work.catch(() => undefined);
            running.push(work);
            next = arrivalOf(pictures);
          }
          continue;
        }
      }
      if (first === undefined) break;
      yield await first;
      void running.shift();
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    // A source that is waiting for a frame answers only when the frame comes; nobody waits for that.
    const ended = Promise.resolve(pictures.return?.());
    if (next === undefined) await ended;
    else void ended.catch(() => undefined);
  }
}

/** A stream that has failed. */
interface Failure {
  readonly error: unknown;
}

/** What a stream gives next: a picture, its end or an error. */
type Arrival = IteratorResult<PictureSource> | Failure;

/** Asks a stream for its next picture; never rejects. */
async function arrivalOf(
  pictures: Iterator<PictureSource> | AsyncIterator<PictureSource>,
): Promise<Arrival> {
  try {
    return await pictures.next();
  } catch (error) {
    return { error };
  }
}

/** Ends, without a value, when a promise has ended. */
function settled(promise: Promise<unknown>): Promise<undefined> {
  return promise.then(
    () => undefined,
    () => undefined,
  );
}

function iteratorOf(
  stream: FrameStream,
  signal: AbortSignal | undefined,
): Iterator<PictureSource> | AsyncIterator<PictureSource> {
  const value: unknown = stream;
  if (typeof HTMLVideoElement !== "undefined" && value instanceof HTMLVideoElement) {
    return videoFrames(value, signal);
  }
  if (typeof MediaStream !== "undefined" && value instanceof MediaStream) {
    return playStream(value, signal);
  }
  if (typeof stream === "object" && stream !== null && !ArrayBuffer.isView(stream)) {
    if (Symbol.asyncIterator in stream) return stream[Symbol.asyncIterator]();
    if (Symbol.iterator in stream) return stream[Symbol.iterator]();
  }
  throw new MienError("usage", `run takes a list of pictures, found ${describeValue(stream)}`, {
    advice:
      "Give an array, a generator or an asynchronous iterator of pictures; in a browser also a video " +
      "element or a MediaStream. For one picture, call process.",
  });
}
