import { readCameraHeader, readViewerMessage, type ServerMessage, type Stats } from "@mien/web";
import type { WebSocket } from "@fastify/websocket";
import type { LiveEngine } from "../live/live-engine.ts";
import type { LiveFrame } from "../live/live-frame.ts";
import { FrameMessages } from "./frame-messages.ts";
import { Viewer, type ViewerOptions } from "./viewer.ts";

/** The longest text message of a viewer, in bytes. */
const MAX_TEXT = 1000;
/** The largest message of a viewer, a picture of its camera, in bytes. */
export const MAX_MESSAGE = 4 * 1024 * 1024;
/** The largest number of open pages. */
const MAX_VIEWERS = 50;

const CAMERA_TAKEN = {
  type: "camera-refused",
  message: "another page shares its camera already",
} as const;

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
    if (this.#viewers.size >= MAX_VIEWERS) {
      socket.close(1013, "too many pages are open");
      return;
    }
    const viewer = new Viewer(socket, options);
    this.#viewers.add(viewer);
    this.#updateDemand();
    for (const message of greeting) viewer.send(message);
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      const isPicture = isBinary && readCameraHeader(data) !== undefined;
      if (isPicture) {
        // A page may still send pictures after the server has changed to another source.
        if (!this.#engine.readsPageCameras || viewer.viewOnly) return;
        if (!this.#engine.offer(viewer, data)) viewer.send(CAMERA_TAKEN);
      } else if (isBinary || !this.#handleText(viewer, data)) viewer.countMalformed();
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
    for (const viewer of this.#viewers) viewer.send(message);
  }

  /**
   * Waits until every viewer has received what was sent to it. A viewer that does not within a second
   * is disconnected, because what waits for it may contain names that were deleted.
   */
  async flush(): Promise<void> {
    await Promise.all([...this.#viewers].map((viewer) => viewer.flush()));
  }

  /** Sends the load of the server, and disconnects viewers whose network was cut. */
  sendStats(stats: Stats): void {
    for (const viewer of this.#viewers) viewer.sendStats(stats);
  }

  /** Sends a result, and the pictures that each wants, to every viewer that keeps up. */
  sendFrame(frame: LiveFrame): void {
    if (this.#viewers.size === 0) return;
    const messages = new FrameMessages(frame);
    for (const viewer of this.#viewers) viewer.offer(messages);
  }

  close(): void {
    for (const viewer of this.#viewers) viewer.terminate();
  }

  /** Handles a text message. @returns false if it is malformed. */
  #handleText(viewer: Viewer, data: Buffer): boolean {
    const message = data.length > MAX_TEXT ? undefined : readViewerMessage(data.toString("utf8"));
    if (message === undefined) return false;
    if (message.type === "ack") viewer.acknowledge(message.frame);
    else {
      if (message.type === "watch") viewer.wantsDepth = message.depth;
      else viewer.wantsPictures = message.wanted;
      this.#updateDemand();
    }
    return true;
  }

  #updateDemand(): void {
    const viewers = [...this.#viewers];
    this.#engine.setDemand({
      picturesFor: new Set(viewers.filter(({ wantsPictures }) => wantsPictures)),
      depth: viewers.some(({ wantsDepth }) => wantsDepth),
      kiosks: viewers.filter(({ isKiosk }) => isKiosk).length,
    });
  }
}
