import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import {
  PICTURE,
  PICTURE_HEADER,
  readCameraHeader,
  readViewerMessage,
  type Hello,
  type Sent,
  type ServerMessage,
  type Stats,
} from "@mien/web";
import type { WebSocket } from "@fastify/websocket";
import type { LiveEngine, LiveFrame } from "../live/live-engine.ts";
import { Pace } from "./viewer-pace.ts";

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
/**
 * A viewer that answers no ping for this time is disconnected, in ms: its network was cut without a
 * message.
 */
const PING_TIMEOUT = 30_000;
/** Time that a viewer has to receive what was sent to it, after people were deleted, in ms. */
const FLUSH_TIMEOUT = 1000;

const CAMERA_TAKEN = {
  type: "camera-refused",
  message: "another page shares its camera already",
} as const;

/** How a viewer connects. */
export interface ViewerOptions {
  /** Whether it acknowledges frames, see `Sent`. Default false. */
  readonly acknowledges?: boolean;
  /** Whether it may only view. Default false. */
  readonly viewOnly?: boolean;
  /** Whether it is the kiosk page. Default false. */
  readonly isKiosk?: boolean;
  /** Whether it gets colour pictures before it says whether it wants them. Default true. */
  readonly pictures?: boolean;
  /** Its TCP connection, to discard what the system still holds for it. */
  readonly connection?: Socket;
}

interface Viewer {
  readonly socket: WebSocket;
  readonly viewOnly: boolean;
  readonly isKiosk: boolean;
  readonly connection: Socket | undefined;
  /** Null if it does not acknowledge frames. */
  readonly pace: Pace | null;
  /** The newest frame, which waits until the viewer has acknowledged another; null if none does. */
  waiting: LiveFrame | null;
  /** When it last answered a ping, on the clock of `performance.now()`. */
  answeredAt: number;
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
  add(socket: WebSocket, greeting: readonly ServerMessage[], options: ViewerOptions = {}): void {
    const { acknowledges = false, viewOnly = false, isKiosk = false, pictures = true } = options;
    if (this.#viewers.size >= MAX_VIEWERS) {
      socket.close(1013, "too many pages are open");
      return;
    }
    const viewer: Viewer = {
      socket,
      viewOnly,
      isKiosk,
      connection: options.connection,
      pace: acknowledges ? new Pace() : null,
      waiting: null,
      answeredAt: performance.now(),
      depth: false,
      pictures,
      malformed: 0,
    };
    this.#viewers.add(viewer);
    this.#updateDemand();
    for (const message of greeting) send(viewer, message);
    socket.on("pong", () => (viewer.answeredAt = performance.now()));
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const isPicture = isBinary && readCameraHeader(data) !== undefined;
      if (isPicture) {
        // A page may still send pictures after the server has changed to another source.
        if (!this.#engine.readsPageCameras || viewer.viewOnly) return;
        if (!this.#engine.offer(viewer, data)) send(viewer, CAMERA_TAKEN);
      } else if (isBinary || !this.#handleText(viewer, data)) this.#countMalformed(viewer);
    });
    const remove = () => {
      this.#viewers.delete(viewer);
      this.#engine.leave(viewer);
      this.#updateDemand();
    };
    socket.on("close", remove);
    socket.on("error", remove);
  }

  /** Sends a message to every viewer. */
  sendMessage(message: ServerMessage): void {
    for (const viewer of this.#viewers) {
      // A frame that waits may contain the names before people were changed.
      if (message.type === "hello") viewer.waiting = null;
      send(viewer, message);
    }
  }

  /**
   * Waits until every viewer has received what was sent to it. A viewer that does not within a second
   * is disconnected, because what waits for it may contain names that were deleted.
   */
  async flush(): Promise<void> {
    await Promise.all([...this.#viewers].map(flushViewer));
  }

  /** Sends the load of the server, and disconnects viewers whose network was cut. */
  sendStats(stats: Stats): void {
    const now = performance.now();
    for (const viewer of this.#viewers) {
      send(viewer, { ...stats, viewer: viewer.pace?.read() ?? null });
      viewer.socket.ping();
      if (now - viewer.answeredAt > PING_TIMEOUT) viewer.socket.terminate();
    }
  }

  /** Sends a result, and the pictures that each wants, to every viewer that keeps up. */
  sendFrame(frame: LiveFrame): void {
    if (this.#viewers.size === 0) return;
    const messages = new FrameMessages(frame);
    for (const viewer of this.#viewers) {
      const { pace } = viewer;
      if (pace === null || pace.isFree) this.#sendFrame(viewer, messages);
      else {
        if (viewer.waiting !== null) pace.skip();
        viewer.waiting = frame;
      }
    }
  }

  #sendFrame(viewer: Viewer, messages: FrameMessages): void {
    const { socket, pace } = viewer;
    viewer.waiting = null;
    if (socket.bufferedAmount > MAX_BACKLOG) return;
    const { colour, depth, origin, result } = messages.frame;
    socket.send(messages.result);
    if (viewer === origin?.page) {
      const number = Buffer.alloc(4);
      number.writeUInt32LE(origin.number);
      socket.send(withHeader(PICTURE.own, result.frame, number));
    } else if (viewer.pictures && colour !== null) socket.send(messages.colour);
    if (depth !== null && viewer.depth) socket.send(messages.depth);
    if (pace === null) return;
    pace.sent(result);
    const sent: Sent = { type: "sent", frame: result.frame };
    socket.send(JSON.stringify(sent));
  }

  close(): void {
    for (const { socket } of this.#viewers) socket.terminate();
  }

  /** Handles a text message. @returns false if it is malformed. */
  #handleText(viewer: Viewer, data: Buffer): boolean {
    const message = data.length > MAX_TEXT ? undefined : readViewerMessage(data.toString("utf8"));
    if (message === undefined) return false;
    if (message.type === "ack") {
      viewer.pace?.acknowledged(message.frame);
      if (viewer.waiting !== null && viewer.pace?.isFree) {
        this.#sendFrame(viewer, new FrameMessages(viewer.waiting));
      }
      return true;
    }
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
      kiosks: viewers.filter(({ isKiosk }) => isKiosk).length,
    });
  }
}

/** Sends a text message, unless the viewer reads too slowly or may not read it. */
function send(viewer: Viewer, message: ServerMessage): void {
  const { socket, viewOnly } = viewer;
  if (socket.bufferedAmount >= MAX_TEXT_BACKLOG) {
    // It must not miss that names were deleted. It gets the present ones when it connects again.
    if (message.type === "hello" || message.type === "enrolment") disconnect(viewer);
    return;
  }
  if (viewOnly && message.type === "enrolment") return;
  const isHello = message.type === "hello";
  socket.send(JSON.stringify(isHello ? ({ ...message, viewOnly } satisfies Hello) : message));
}

/** Waits until a viewer has received what was sent to it, or disconnects it. */
async function flushViewer(viewer: Viewer): Promise<void> {
  const { socket } = viewer;
  const mark = randomBytes(8);
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    // Browsers answer pings in the order of the messages.
    const answer = (data: Buffer) => {
      if (data.equals(mark)) end();
    };
    const end = () => {
      socket.off("pong", answer);
      socket.off("close", end);
      resolve();
    };
    socket.on("pong", answer);
    socket.on("close", end);
    timer = setTimeout(() => {
      disconnect(viewer);
      end();
    }, FLUSH_TIMEOUT);
    socket.ping(mark);
  });
  clearTimeout(timer);
}

/** Ends a connection and discards what was not received yet; the page connects again by itself. */
function disconnect({ socket, connection }: Viewer): void {
  connection?.resetAndDestroy();
  socket.terminate();
}

/** The messages of a frame, each encoded once. */
class FrameMessages {
  readonly frame: LiveFrame;
  #result: string | undefined;
  #colour: Buffer | undefined;
  #depth: Buffer | undefined;

  constructor(frame: LiveFrame) {
    this.frame = frame;
  }

  get result(): string {
    return (this.#result ??= JSON.stringify(this.frame.result));
  }

  get colour(): Buffer {
    const { colour, result } = this.frame;
    return (this.#colour ??= withHeader(PICTURE.colour, result.frame, colour ?? EMPTY));
  }

  get depth(): Buffer {
    const { depth, result } = this.frame;
    return (this.#depth ??= withHeader(PICTURE.depth, result.frame, depth ?? EMPTY));
  }
}

const EMPTY = Buffer.alloc(0);

function withHeader(kind: number, frame: number, content: Buffer): Buffer {
  const message = Buffer.allocUnsafe(PICTURE_HEADER + content.length);
  message.writeUInt8(kind, 0);
  message.writeUInt32LE(frame >>> 0, 1);
  content.copy(message, PICTURE_HEADER);
  return message;
}
