import {
  PICTURE,
  PICTURE_HEADER,
  readCameraHeader,
  type ServerMessage,
  type ViewerMessage,
} from "@mien/web";
import type { WebSocket } from "@fastify/websocket";
import type { LiveEngine, LiveFrame } from "../live/live-engine.ts";

/** With more than this waiting to be sent, a viewer gets no further pictures, in bytes. */
const BACKLOG = 512 * 1024;
/** With more than this, not even text. */
const TEXT_BACKLOG = 2 * BACKLOG;
/** Messages that are none are forgiven so often. */
const PATIENCE = 20;
/** The largest picture of a page's camera, in bytes. */
export const MAX_MESSAGE = 4 * 1024 * 1024;
export const MAX_VIEWERS = 50;

interface Viewer {
  readonly socket: WebSocket;
  depth: boolean;
  pictures: boolean;
  nonsense: number;
}

/** The pages that are open, and what they get. */
export class Viewers {
  readonly #engine: LiveEngine;
  readonly #viewers = new Set<Viewer>();

  constructor(engine: LiveEngine) {
    this.#engine = engine;
    engine.wantsColour = (page) =>
      [...this.#viewers].some((viewer) => viewer.pictures && viewer !== page);
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** @param greeting what a new viewer has to know. */
  add(socket: WebSocket, greeting: readonly ServerMessage[]): void {
    if (this.#viewers.size >= MAX_VIEWERS) {
      socket.close(1013, "too many pages are open");
      return;
    }
    const viewer: Viewer = { socket, depth: false, pictures: true, nonsense: 0 };
    this.#viewers.add(viewer);
    for (const message of greeting) socket.send(JSON.stringify(message));
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const isPicture = isBinary && this.#engine.isBrowser && readCameraHeader(data) !== undefined;
      if (isPicture) this.#engine.offer(viewer, data);
      else if (isBinary || !this.#understand(viewer, data)) this.#forgive(viewer);
    });
    const gone = () => {
      this.#viewers.delete(viewer);
      this.#update();
    };
    socket.on("close", gone);
    socket.on("error", gone);
  }

  /** To everybody. */
  tell(message: ServerMessage): void {
    const text = JSON.stringify(message);
    for (const { socket } of this.#viewers) {
      if (socket.bufferedAmount < TEXT_BACKLOG) socket.send(text);
    }
  }

  /** To everybody who keeps up. */
  show({ result, colour, depth, origin }: LiveFrame): void {
    if (this.#viewers.size === 0) return;
    const text = JSON.stringify(result);
    const picture = colour && withHeader(PICTURE.colour, result.frame, colour);
    const far = depth && withHeader(PICTURE.depth, result.frame, depth);
    for (const viewer of this.#viewers) {
      if (viewer.socket.bufferedAmount > BACKLOG) continue;
      viewer.socket.send(text);
      if (viewer === origin?.page) {
        const number = Buffer.alloc(4);
        number.writeUInt32LE(origin.number);
        viewer.socket.send(withHeader(PICTURE.own, result.frame, number));
      } else if (viewer.pictures && picture !== null) viewer.socket.send(picture);
      if (far !== null && viewer.depth) viewer.socket.send(far);
    }
  }

  close(): void {
    for (const { socket } of this.#viewers) socket.terminate();
  }

  /** @returns whether it was a message. */
  #understand(viewer: Viewer, data: Buffer): boolean {
    if (data.length > 1000) return false;
    let message: Partial<ViewerMessage> | null;
    try {
      message = JSON.parse(data.toString("utf8")) as Partial<ViewerMessage> | null;
    } catch {
      return false;
    }
    if (message?.type === "watch") viewer.depth = message.depth === true;
    else if (message?.type === "pictures") viewer.pictures = message.wanted !== false;
    else return false;
    this.#update();
    return true;
  }

  #forgive(viewer: Viewer): void {
    viewer.nonsense++;
    if (viewer.nonsense > PATIENCE) viewer.socket.close(1008, "messages that are none");
  }

  #update(): void {
    this.#engine.wantsDepth = [...this.#viewers].some(({ depth }) => depth);
  }
}

function withHeader(kind: number, frame: number, content: Buffer): Buffer {
  const message = Buffer.allocUnsafe(PICTURE_HEADER + content.length);
  message.writeUInt8(kind, 0);
  message.writeUInt32LE(frame >>> 0, 1);
  content.copy(message, PICTURE_HEADER);
  return message;
}
