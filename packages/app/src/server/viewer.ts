import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Hello, Sent, ServerMessage, Stats } from "@mien/web";
import type { WebSocket } from "@fastify/websocket";
import type { LiveFrame } from "../live/live-frame.ts";
import { FrameMessages } from "./frame-messages.ts";
import { Pace } from "./viewer-pace.ts";

/** Bytes that wait to be sent to a viewer, above which it gets no pictures and results. */
const MAX_BACKLOG = 512 * 1024;
/** Bytes that wait to be sent to a viewer, above which it gets no other messages either. */
const MAX_TEXT_BACKLOG = 2 * MAX_BACKLOG;
/** Malformed messages allowed before a viewer's connection is closed. */
const MAX_MALFORMED = 20;
/**
 * A viewer that answers no ping for this time is disconnected, in ms: its network was cut without a
 * message.
 */
const PING_TIMEOUT = 30_000;
/** Time that a viewer has to receive what was sent to it, after people were deleted, in ms. */
const FLUSH_TIMEOUT = 1000;

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

/** An open page: what is sent to it, and what it wants. */
export class Viewer {
  readonly viewOnly: boolean;
  readonly isKiosk: boolean;
  /** Whether it wants depth pictures. */
  wantsDepth = false;
  /** Whether it wants colour pictures. */
  wantsPictures: boolean;
  readonly #socket: WebSocket;
  readonly #connection: Socket | undefined;
  /** Null if it does not acknowledge frames. */
  readonly #pace: Pace | null;
  /** The newest frame, which waits until the viewer has acknowledged another; null if none does. */
  #waiting: LiveFrame | null = null;
  /** When it last answered a ping, on the clock of `performance.now()`. */
  #answeredAt = performance.now();
  /** Malformed messages so far. */
  #malformed = 0;

  constructor(socket: WebSocket, options: ViewerOptions) {
    const { acknowledges = false, viewOnly = false, isKiosk = false, pictures = true } = options;
    this.viewOnly = viewOnly;
    this.isKiosk = isKiosk;
    this.#socket = socket;
    this.#connection = options.connection;
    this.#pace = acknowledges ? new Pace() : null;
    this.wantsPictures = pictures;
    socket.on("pong", () => (this.#answeredAt = performance.now()));
  }

  /** Sends a text message, unless the viewer reads too slowly or may not read it. */
  send(message: ServerMessage): void {
    // A frame that waits may contain the names before people were changed.
    if (message.type === "hello") this.#waiting = null;
    if (this.#socket.bufferedAmount >= MAX_TEXT_BACKLOG) {
      // It must not miss that names were deleted. It gets the present ones when it connects again.
      if (message.type === "hello" || message.type === "enrolment") this.#disconnect();
      return;
    }
    const { viewOnly } = this;
    if (viewOnly && message.type === "enrolment") return;
    const isHello = message.type === "hello";
    this.#socket.send(
      JSON.stringify(isHello ? ({ ...message, viewOnly } satisfies Hello) : message),
    );
  }

  /** Sends the load of the server, and ends the connection if the network was cut. */
  sendStats(stats: Stats): void {
    this.send({ ...stats, viewer: this.#pace?.read() ?? null });
    this.#socket.ping();
    if (performance.now() - this.#answeredAt > PING_TIMEOUT) this.terminate();
  }

  /** Sends a result and the pictures that it wants, now or once it has acknowledged another frame. */
  offer(messages: FrameMessages): void {
    if (this.#pace === null || this.#pace.isFree) this.#sendFrame(messages);
    else {
      if (this.#waiting !== null) this.#pace.skip();
      this.#waiting = messages.frame;
    }
  }

  /** Records that a frame is on the screen, and sends the frame that waits if there is one. */
  acknowledge(frame: number): void {
    this.#pace?.acknowledged(frame);
    if (this.#waiting !== null && this.#pace?.isFree) {
      this.#sendFrame(new FrameMessages(this.#waiting));
    }
  }

  /** Counts a malformed message; too many of them end the connection. */
  countMalformed(): void {
    this.#malformed++;
    if (this.#malformed > MAX_MALFORMED) this.#socket.close(1008, "malformed messages");
  }

  /** Waits until the viewer has received what was sent to it, or disconnects it. */
  async flush(): Promise<void> {
    const socket = this.#socket;
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
        this.#disconnect();
        end();
      }, FLUSH_TIMEOUT);
      socket.ping(mark);
    });
    clearTimeout(timer);
  }

  /** Ends the connection. */
  terminate(): void {
    this.#socket.terminate();
  }

  #sendFrame(messages: FrameMessages): void {
    const socket = this.#socket;
    this.#waiting = null;
    if (socket.bufferedAmount > MAX_BACKLOG) return;
    const { colour, depth, origin, result } = messages.frame;
    socket.send(messages.result);
    if (this === origin?.page) socket.send(messages.own(origin.number));
    else if (this.wantsPictures && colour !== null) socket.send(messages.colour);
    if (depth !== null && this.wantsDepth) socket.send(messages.depth);
    if (this.#pace === null) return;
    this.#pace.sent(result);
    const sent: Sent = { type: "sent", frame: result.frame };
    socket.send(JSON.stringify(sent));
  }

  /** Ends the connection and discards what was not received yet; the page connects again by itself. */
  #disconnect(): void {
    this.#connection?.resetAndDestroy();
    this.#socket.terminate();
  }
}
