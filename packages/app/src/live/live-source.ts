import { EventEmitter } from "node:events";
import type { Source, SourceNotice, PictureSize } from "@mien/camera";
import { withoutSecrets } from "@mien/format";

/** The value of `--source` for the cameras of pages. */
export const PAGE_CAMERAS = "browser";

/** What a live source emits: that it is lost, that it is back, or that it skipped something. */
export interface SourceEvents {
  notice: [SourceNotice];
}

/** Where the frames of a live app come from. */
export interface LiveSource {
  /** The value of `--source` without its password. */
  readonly name: string;
  /** Whether it is a Kinect or a recording of one, and has depth. */
  readonly isKinect: boolean;
  /** The camera or file; null if pages send the pictures of their own cameras. */
  readonly source: Source | null;
  readonly notices: EventEmitter<SourceEvents>;
}

/**
 * Opens a source for live viewing: files are played at their own speed, again and again, and cameras
 * are opened again whenever they are lost; see `SourceOptions.reconnect`.
 *
 * @param text a value of `--source`.
 * @param options.notices emits the notices, also while the source is opened. Default a new emitter.
 * @throws {MienError} if a file cannot be opened. A camera that cannot be opened is tried again.
 */
export async function openLiveSource(
  text: string,
  options: {
    readonly signal?: AbortSignal;
    readonly notices?: EventEmitter<SourceEvents>;
    /** The picture size that a webcam is asked for. */
    readonly size?: PictureSize | undefined;
  } = {},
): Promise<LiveSource> {
  const { signal, notices = new EventEmitter<SourceEvents>(), size } = options;
  if (text === PAGE_CAMERAS) {
    return { name: PAGE_CAMERAS, isKinect: false, source: null, notices };
  }
  const { openSource, parseSource } = await import("@mien/camera");
  const parsed = await parseSource(text);
  const source = await openSource(parsed, {
    ...(signal === undefined ? {} : { signal }),
    size,
    reconnect: true,
    realTime: true,
    loop: parsed.canLoop,
    onNotice: (notice) => notices.emit("notice", notice),
  });
  const isKinect = parsed.type === "kinect" || parsed.type === "recording";
  return { name: withoutSecrets(parsed.text), isKinect, source, notices };
}
