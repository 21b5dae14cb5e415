import {
  PICTURE,
  PICTURE_HEADER,
  readCameraHeader,
  readViewerMessage,
  type ServerMessage,
} from "@mien/web";
import type { WebSocket } from "@fastify/websocket";
import type { LiveEngine, LiveFrame } from "../live/live-engine.ts";

/** Bytes that wait to be sent to a viewer, above which it gets no pictures and results. */
const MAX_BACKLOG = 512 * 1024;
/** Bytes that wait to be sent to a viewer, above which it gets no other messages either. */
const MAX_TEXT_BACKLOG = 2 * MAX_BACKLOG;
/** Malformed messages allowed before a viewer's connection is closed. */
const MAX_MALFORMED = 20;
/** The longest text message of a viewer, in bytes. */
const MAX_TEXT = 1000;
/** The largest message of a viewer, a picture of its camera, in bytes. */
export const MAX_MESSAGE = 4 * 1024 * 1024;
/** The largest number of open pages. */
const MAX_VIEWERS = 50;

interface Viewer {
  readonly socket: WebSocket;
  /** Whether it wants depth pictures. */
  depth: boolean;
  /** Whether it wants colour pictures. */
  pictures: boolean;
  /** Malformed messages so far. */
  malformed: number;
}

/** The open pages: what they send, and what is sent to them. */
export class Viewers {
  readonly #engine: LiveEngine;
  readonly #viewers = new Set<Viewer>();

  /** @param engine gets the pictures of pages' cameras, and the demand of the viewers. */
  constructor(engine: LiveEngine) {
    this.#engine = engine;
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** @param greeting the messages that a new viewer gets first. */
  add(socket: WebSocket, greeting: readonly ServerMessage[]): void {
    if (this.#viewers.size >= MAX_VIEWERS) {
      socket.close(1013, "too many pages are open");
      return;
    }
    const viewer: Viewer = { socket, depth: false, pictures: true, malformed: 0 };
    this.#viewers.add(viewer);
    this.#updateDemand();
    for (const message of greeting) socket.send(JSON.stringify(message));
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const isPicture =
        isBinary && this.#engine.readsPageCameras && readCameraHeader(data) !== undefined;
      if (isPicture) this.#engine.offer(viewer, data);
      else if (isBinary || !this.#handleText(viewer, data)) this.#countMalformed(viewer);
    });
    const remove = () => {
      this.#viewers.delete(viewer);
      this.#updateDemand();
    };
    socket.on("close", remove);
    socket.on("error", remove);
  }

  /** Sends a message to every viewer. */
  sendMessage(message: ServerMessage): void {
    const text = JSON.stringify(message);
    for (const { socket } of this.#viewers) {
      if (socket.bufferedAmount < MAX_TEXT_BACKLOG) socket.send(text);
    }
  }

  /** Sends a result, and the pictures that each wants, to every viewer that keeps up. */
  sendFrame({ result, colour, depth, origin }: LiveFrame): void {
    if (this.#viewers.size === 0) return;
    const text = JSON.stringify(result);
    const colourMessage = colour && withHeader(PICTURE.colour, result.frame, colour);
    const depthMessage = depth && withHeader(PICTURE.depth, result.frame, depth);
    for (const viewer of this.#viewers) {
      if (viewer.socket.bufferedAmount > MAX_BACKLOG) continue;
      viewer.socket.send(text);
      if (viewer === origin?.page) {
        const number = Buffer.alloc(4);
        number.writeUInt32LE(origin.number);
        viewer.socket.send(withHeader(PICTURE.own, result.frame, number));
      } else if (viewer.pictures && colourMessage !== null) viewer.socket.send(colourMessage);
      if (depthMessage !== null && viewer.depth) viewer.socket.send(depthMessage);
    }
  }

  close(): void {
    for (const { socket } of this.#viewers) socket.terminate();
  }

  /** Handles a text message. @returns false if it is malformed. */
  #handleText(viewer: Viewer, data: Buffer): boolean {
    const message = data.length > MAX_TEXT ? undefined : readViewerMessage(data.toString("utf8"));
    if (message === undefined) return false;
    if (message.type === "watch") viewer.depth = message.depth;
    else viewer.pictures = message.wanted;
    this.#updateDemand();
    return true;
  }

  #countMalformed(viewer: Viewer): void {
    viewer.malformed++;
    if (viewer.malformed > MAX_MALFORMED) viewer.socket.close(1008, "malformed messages");
  }

  #updateDemand(): void {
    const viewers = [...this.#viewers];
    this.#engine.setDemand({
      picturesFor: new Set(viewers.filter(({ pictures }) => pictures)),
      depth: viewers.some(({ depth }) => depth),
    });
  }
}

function withHeader(kind: number, frame: number, content: Buffer): Buffer {
  const message = Buffer.allocUnsafe(PICTURE_HEADER + content.length);
  message.writeUInt8(kind, 0);
  message.writeUInt32LE(frame >>> 0, 1);
  content.copy(message, PICTURE_HEADER);
  return message;
}
