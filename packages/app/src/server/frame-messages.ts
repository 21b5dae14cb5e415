import { PICTURE, PICTURE_HEADER } from "@mien/web";
import type { LiveFrame } from "../live/live-frame.ts";

const EMPTY = Buffer.alloc(0);

/** The messages of a frame, each encoded once. */
export class FrameMessages {
  readonly frame: LiveFrame;
  #result: string | undefined;
  #colour: Buffer | undefined;
  #depth: Buffer | undefined;

  constructor(frame: LiveFrame) {
    this.frame = frame;
  }

  /** The result as JSON. */
  get result(): string {
    return (this.#result ??= JSON.stringify(this.frame.result));
  }

  /** The colour picture; it has no content if the frame has none. */
  get colour(): Buffer {
    const { colour, result } = this.frame;
    return (this.#colour ??= withHeader(PICTURE.colour, result.frame, colour ?? EMPTY));
  }

  /** The depth picture; it has no content if the frame has none. */
  get depth(): Buffer {
    const { depth, result } = this.frame;
    return (this.#depth ??= withHeader(PICTURE.depth, result.frame, depth ?? EMPTY));
  }

  /**
   * The message that tells a page which of its own pictures the result is about.
   *
   * @param number the number that the page gave to the picture.
   */
  own(number: number): Buffer {
    const content = Buffer.alloc(4);
    content.writeUInt32LE(number);
    return withHeader(PICTURE.own, this.frame.result.frame, content);
  }
}

function withHeader(kind: number, frame: number, content: Buffer): Buffer {
  const message = Buffer.allocUnsafe(PICTURE_HEADER + content.length);
  message.writeUInt8(kind, 0);
  message.writeUInt32LE(frame >>> 0, 1);
  content.copy(message, PICTURE_HEADER);
  return message;
}
