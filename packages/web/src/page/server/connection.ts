import {
  PICTURE,
  PICTURE_HEADER,
  type Enrolment,
  type Hello,
  type LiveResult,
  type ServerMessage,
  type Stats,
  type Status,
  type ViewerMessage,
} from "../../messages.ts";

/** What the page knows. */
export interface LiveState {
  /** Whether the server is there. */
  readonly connected: boolean;
  /** Whether it is there, but does not take this page's token. */
  readonly refused: boolean;
  readonly hello: Hello | null;
  readonly status: Status | null;
  readonly stats: Stats | null;
  readonly enrolment: Enrolment | null;
}

/** A picture that can be drawn, until it is closed. */
export type Picture = ImageBitmap | VideoFrame;

/** A picture and what is seen in it. */
export interface Shown {
  readonly result: LiveResult;
  readonly picture: Picture;
  /** When it was taken by this page's camera, or came in at the server: milliseconds since 1970. */
  readonly takenAt: number;
}

/** Waits before each attempt to come back, in milliseconds; the last one is repeated. */
const BACK_OFF = [250, 500, 1000, 2000];

/** The line to the server; it comes back by itself. */
export class Connection {
  state: LiveState = {
    connected: false,
    refused: false,
    hello: null,
    status: null,
    stats: null,
    enrolment: null,
  };
  onState: (state: LiveState) => void = () => undefined;
  /** Gets pictures, and closes them. */
  onShown: (shown: Shown) => void = () => undefined;
  onDepth: (picture: ImageBitmap) => void = () => undefined;
  /** Told that the server has worked on a picture of this page's camera; hands it back. */
  onAnswer: (number: number) => Omit<Shown, "result"> | undefined = () => undefined;
  onResult: (result: LiveResult) => void = () => undefined;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #result: LiveResult | null = null;
  #decoding = false;
  #wishes: ViewerMessage[] = [];

  open(): void {
    const socket = new WebSocket(`ws://${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.#update({ connected: true, refused: false });
      for (const wish of this.#wishes) this.#send(wish);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === "string") this.#take(JSON.parse(data) as ServerMessage);
      else void this.#show(data);
    };
    socket.onclose = () => {
      this.#update({ connected: false });
      void this.#askWhy();
      const wait = BACK_OFF[Math.min(this.#attempt++, BACK_OFF.length - 1)] as number;
      setTimeout(() => this.open(), wait);
    };
  }

  /** Says what this page wants; said again after every interruption. */
  wish(message: ViewerMessage): void {
    this.#wishes = [...this.#wishes.filter(({ type }) => type !== message.type), message];
    this.#send(message);
  }

  /** A picture of this page's camera; not sent while others still wait. */
  offer(message: ArrayBuffer): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount > message.byteLength) return false;
    socket.send(message);
    return true;
  }

  #send(message: ViewerMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #take(message: ServerMessage): void {
    if (message.type === "frame") {
      this.#result = message;
      this.onResult(message);
    } else this.#update({ [message.type]: message });
  }

  async #show(data: ArrayBuffer): Promise<void> {
    const header = new DataView(data);
    const kind = header.getUint8(0);
    const result = this.#result;
    const isCurrent = result !== null && result.frame === header.getUint32(1, true);
    if (kind === PICTURE.own) {
      const own = this.onAnswer(header.getUint32(PICTURE_HEADER, true));
      if (own !== undefined && isCurrent) this.onShown({ result, ...own });
      else own?.picture.close();
      return;
    }
    const blob = new Blob([new Uint8Array(data, PICTURE_HEADER)], { type: "image/jpeg" });
    if (kind === PICTURE.depth) {
      this.onDepth(await createImageBitmap(blob));
      return;
    }
    // A page that cannot keep up leaves pictures out rather than to fall behind.
    if (!isCurrent || this.#decoding) return;
    this.#decoding = true;
    try {
      const picture = await createImageBitmap(blob);
      this.onShown({ result, picture, takenAt: result.capturedAt });
    } catch {
      // A damaged picture is left out.
    } finally {
      this.#decoding = false;
    }
  }

  /** A WebSocket does not tell why it was closed. */
  async #askWhy(): Promise<void> {
    const answer = await fetch("/", { method: "HEAD" }).catch(() => null);
    if (!this.state.connected) this.#update({ refused: answer?.status === 401 });
  }

  #update(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    this.onState(this.state);
  }
}
