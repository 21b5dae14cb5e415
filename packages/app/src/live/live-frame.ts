import type { Frame } from "@mien/format";
import type { LiveResult } from "@mien/web";

/** A processed frame. */
export interface LiveFrame {
  readonly frame: Frame;
  readonly result: LiveResult;
  /** The picture as JPEG; null if no viewer wants it. */
  readonly colour: Buffer | null;
  /** The depth picture as JPEG; null without depth, or if no viewer wants it. */
  readonly depth: Buffer | null;
  /** The page whose camera took the picture; null for every other source. */
  readonly origin: Origin | null;
}

/** The page whose camera took a picture. */
export interface Origin {
  readonly page: object;
  /** The number that the page gave to the picture. */
  readonly number: number;
}
