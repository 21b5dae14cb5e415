import type { Frame, MienError } from "@mien/format";

/**
 * Where frames come from: a webcam, a Kinect, a stream, a video or images.
 *
 * `openSource` opens one. Read its frames once with `for await`, and close it then or at any time
 * before. Reading to the end also closes it.
 *
 * A live source that is lost (unplugged, silent, its program ended) is opened again until it comes
 * back or is closed; `onNotice` receives a notice. With `reconnect`, a source that cannot be opened
 * at first is treated as lost; until it is open, `width`, `height`, `framesPerSecond` and `length`
 * are null.
 */
export interface Source {
  /**
   * Name that is shown to people: `webcam 0`, `Kinect`, a path, or an address without its password.
   */
  readonly name: string;
  /**
   * - `live`: a camera or an endless stream. A reader that is too slow gets the newest frame; older
   *   ones are dropped. It never ends by itself.
   * - `video`: a recording with a beginning and an end; every frame comes, in order.
   * - `images`: single pictures that have nothing to do with one another.
   *
   * An address that was not opened yet (`reconnect`) counts as live; it may prove to be a video.
   */
  readonly kind: "live" | "video" | "images";
  /** Width of the first frame in pixels; null for images, whose sizes differ. */
  readonly width: number | null;
  /** Height of the first frame in pixels; null for images. */
  readonly height: number | null;
  /** Frames per second as the source declares them; null for images and if not known. */
  readonly framesPerSecond: number | null;
  /** Number of frames from beginning to end; null if it is not known or there is no end. */
  readonly length: number | null;
  /**
   * The frames; may be called once. The iteration ends when the source ends or is closed, or when the
   * signal fires.
   *
   * @throws {MienError} while iterating, if the source breaks and is not opened again.
   */
  frames(signal?: AbortSignal): AsyncIterableIterator<SourceFrame>;
  /** Ends the iteration and every child process; may be called at any time, and repeatedly. */
  close(): Promise<void>;
}

/**
 * A frame of a source.
 *
 * `index` counts from 0 over all frames, also across reconnections; frames that were dropped leave
 * gaps. `timeMs` is in milliseconds and never decreases: for a live source, the time of arrival
 * since the source was opened; for a video, the time in the recording; for images, 0.
 */
export interface SourceFrame extends Frame {
  /**
   * Whether earlier frames have nothing to do with this one, so that trackers and confirmation
   * windows must start again: true for the first frame, the first frame after each reconnection,
   * and each new picture of images.
   */
  readonly discontinuity: boolean;
}

/** A fault that a person should know of while frames are read. */
export interface SourceNotice {
  /**
   * - `skipped`: an image or an entry of a folder that cannot be read; `path` names it.
   * - `lost`: the source stopped or cannot be opened, and is tried again; `error` says why. Repeated
   *   only with another reason.
   * - `back`: it is open after it was lost.
   * - `damaged`: a recording ended early or has holes.
   */
  readonly kind: "skipped" | "lost" | "back" | "damaged";
  /** A sentence. */
  readonly message: string;
  readonly path?: string;
  readonly error?: MienError;
}

/** A size in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** How a source is opened. */
export interface SourceOptions {
  /** Ends opening and reading. */
  readonly signal?: AbortSignal;
  /**
   * Waits for a source that may come later, and opens it again whenever it ends: webcams, the
   * Kinect and addresses, also addresses of videos. `openSource` then returns before the source is
   * open; while it cannot be opened, there is a notice `lost`. Files, folders and standard input
   * are opened as without this option. Default false: a live source must be there when it is
   * opened, and is opened again only when it was lost.
   */
  readonly reconnect?: boolean;
  /**
   * Whether an image is left out, for example because it was analysed earlier. The numbers of the
   * others do not change. Only for images. Default: none is left out.
   *
   * @param index of the image, from 0.
   */
  readonly skipImage?: (index: number) => boolean;
  /** Starts a recording again at its end, endlessly. Default false. */
  readonly loop?: boolean;
  /**
   * Plays a recording at its own speed and drops frames that are not read in time, like a camera.
   * Each image is held for 3 s, as 15 frames per second whose `timeMs` runs on. Default false:
   * frames come as fast as they are read, and each image once.
   */
  readonly realTime?: boolean;
  /**
   * The size of picture that a webcam is asked for; it may deliver another. Other sources ignore it.
   * Default 640×480.
   */
  readonly size?: PictureSize | undefined;
  /** Time limit for the first frame after connecting, in milliseconds. Default 10,000. */
  readonly patienceMs?: number;
  readonly onNotice?: (notice: SourceNotice) => void;
}
