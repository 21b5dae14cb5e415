import { MienError } from "@mien/format";

/** Time between two checks whether a camera still runs, in milliseconds. */
const CHECK_MS = 250;

/**
 * Yields a video element each time it shows a new frame, until it ends.
 *
 * @throws {MienError} `interrupted` if the signal fires; `bad-image` if the video cannot be played.
 */
export async function* videoFrames(
  video: HTMLVideoElement,
  signal: AbortSignal | undefined,
): AsyncGenerator<HTMLVideoElement, void, undefined> {
  // A video that is paused, or has ended before its first frame was read, has one frame to show.
  if (video.readyState >= video.HAVE_CURRENT_DATA) yield video;
  while (await nextFrame(video, signal)) yield video;
}

/**
 * Yields the frames of a camera, until its tracks end.
 *
 * @throws {MienError} as `videoFrames`.
 */
export async function* playStream(
  stream: MediaStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<HTMLVideoElement, void, undefined> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  try {
    await video.play();
    yield* videoFrames(video, signal);
  } finally {
    video.srcObject = null;
  }
}

/** Waits for the next frame. @returns false if the video has ended. */
async function nextFrame(
  video: HTMLVideoElement,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const listeners = new AbortController();
  let request: number | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const interrupt = () => reject(new MienError("interrupted", "the video was not processed"));
      const once = { signal: listeners.signal, once: true };
      if (signal?.aborted === true) interrupt();
      signal?.addEventListener("abort", interrupt, once);
      if (video.ended) resolve(false);
      video.addEventListener("ended", () => resolve(false), once);
      video.addEventListener("error", () => reject(cannotPlay(video)), once);
      // Tracks that the page stops end a video without an event.
      const { srcObject } = video;
      const endIfStopped = () => {
        if (srcObject instanceof MediaStream && !srcObject.active) resolve(false);
      };
      timer = setInterval(endIfStopped, CHECK_MS);
      request = video.requestVideoFrameCallback(() => resolve(true));
    });
  } finally {
    listeners.abort();
    clearInterval(timer);
    if (request !== undefined) video.cancelVideoFrameCallback(request);
  }
}

function cannotPlay({ error }: HTMLVideoElement): MienError {
  const reason = error?.message === "" ? undefined : error?.message;
  return new MienError("bad-image", `the video cannot be played${reason ? `: ${reason}` : ""}`, {
    advice: "Give a video in a format that this browser plays, such as MP4 or WebM.",
  });
}
