import type { Frame } from "@mien/format";
import { delay, openSource, type Source, type SourceNotice } from "@mien/camera";

/** A picture of a folder is shown for so long, in milliseconds, at so many frames a second. */
const HOLD = 3000;
const HOLD_RATE = 15;

/** A frame, and whether what was seen before has nothing to do with it. */
export interface FedFrame {
  readonly frame: Frame;
  readonly cut: boolean;
}

/** Opens a source as a camera would behave: in real time, without an end. */
export function openLive(
  text: string,
  signal: AbortSignal,
  onNotice: (notice: SourceNotice) => void,
): Promise<Source> {
  return openSource(text, { signal, onNotice, loop: text !== "-", realTime: true });
}

/** Whether opening it again may help: a camera or a stream, rather than a file. */
export function mayComeBack(text: string): boolean {
  return /^(webcam(:.*)?|kinect|[a-z][a-z0-9+.-]+:\/\/.*)$/i.test(text);
}

/** The frames of a source; each picture of a folder is held, so that there is time to look at it. */
export async function* feed(source: Source, signal: AbortSignal): AsyncGenerator<FedFrame> {
  if (source.kind !== "images") {
    for await (const frame of source.frames(signal)) yield { frame, cut: false };
    return;
  }
  const started = performance.now();
  let index = 0;
  for await (const picture of source.frames(signal)) {
    const until = performance.now() + HOLD;
    for (let cut = true; performance.now() < until; cut = false) {
      const timeMs = performance.now() - started;
      yield { frame: { ...picture, index, timeMs }, cut };
      index++;
      await delay(1000 / HOLD_RATE - (performance.now() - started - timeMs), signal);
      if (signal.aborted) return;
    }
  }
}
