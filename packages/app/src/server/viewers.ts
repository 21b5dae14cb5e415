import { PICTURE, PICTURE_HEADER, type ServerMessage, type ViewerMessage } from "@mien/web";
import type { WebSocket } from "@fastify/websocket";
import type { LiveEngine, LiveFrame } from "../live/engine.ts";

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
      if (isBinary && this.#engine.isBrowser) this.#engine.offer(data);
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
  show({ result, colour, depth }: LiveFrame): void {
    if (this.#viewers.size === 0) return;
    const text = JSON.stringify(result);
    const picture = withHeader(PICTURE.colour, result.frame, colour);
    const far = depth === null ? null : withHeader(PICTURE.depth, result.frame, depth);
    for (const viewer of this.#viewers) {
      if (viewer.socket.bufferedAmount > BACKLOG) continue;
      viewer.socket.send(text);
      if (viewer.pictures) viewer.socket.send(picture);
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

function withHeader(kind: number, frame: number, jpeg: Buffer): Buffer {
  const message = Buffer.allocUnsafe(PICTURE_HEADER + jpeg.length);
  message.writeUInt8(kind, 0);
  message.writeUInt32LE(frame >>> 0, 1);
  jpeg.copy(message, PICTURE_HEADER);
  return message;
}
