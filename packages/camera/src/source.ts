import type { Frame, MienError } from "@mien/format";

/**
 * Where frames come from: a camera, a file, a stream or a folder of images.
 *
 * A source is opened, read once from `frames`, and closed; reading it to its end closes it, too.
 */
export interface Source {
  /** For people: `webcam 0`, `Kinect`, a path or an address (without its password). */
  readonly name: string;
  /**
   * - `live`: a camera or endless stream. Whoever reads too slowly gets the newest frame, never an
   *   old one; after an interruption the source goes on by itself.
   * - `video`: a recording with a beginning and an end; every frame comes, in order.
   * - `images`: single pictures that have nothing to do with one another.
   */
  readonly kind: "live" | "video" | "images";
  /** In pixels, of the first frame; null for images, whose sizes differ. */
  readonly width: number | null;
  readonly height: number | null;
  /** As the source declares it; null for images and where it is not known. */
  readonly framesPerSecond: number | null;
  /** How many frames there will be, where that is known. */
  readonly length: number | null;
  /**
   * The frames; may be asked for once. Ends when the source ends, is closed, or the signal fires.
   *
   * @throws {MienError} while iterating, when the source breaks and cannot go on.
   */
  frames(signal?: AbortSignal): AsyncIterableIterator<Frame>;
  /** Ends the iteration, and every child process; may be called at any time and repeatedly. */
  close(): Promise<void>;
}

/** Something that a person should hear about while frames are read. */
export interface SourceNotice {
  /**
   * - `skipped`: an image or an entry of a folder that cannot be read; `path` names it.
   * - `lost`: a live source stopped; it is being opened again.
   * - `back`: it came back.
   * - `damaged`: a recording ended early or has holes.
   */
  readonly kind: "skipped" | "lost" | "back" | "damaged";
  /** A sentence. */
  readonly message: string;
  readonly path?: string;
  readonly error?: MienError;
}

/** How a source is opened. */
export interface SourceOptions {
  /** Gives up opening; ends reading. */
  readonly signal?: AbortSignal;
  /** Starts a recording anew when it ends, for ever. Default false. */
  readonly loop?: boolean;
  /**
   * Plays a recording at its own speed and drops what is not read in time, as a camera would;
   * otherwise every frame comes as fast as it is read. Default false.
   */
  readonly realTime?: boolean;
  /** How long the first frame may take, in milliseconds. Default 10,000. */
  readonly patienceMs?: number;
  readonly onNotice?: (notice: SourceNotice) => void;
}
