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
import { nextPaint } from "./next-paint.ts";
import { socketAddress } from "./server-address.ts";

/** What the server has told the page so far. */
export interface LiveState {
  /** Whether the WebSocket is open. */
  readonly connected: boolean;
  /** Whether the server answers, but rejects the token of this page. */
  readonly refused: boolean;
  /** The last message of each type; null before the first one. */
  readonly hello: Hello | null;
  readonly status: Status | null;
  readonly stats: Stats | null;
  readonly enrolment: Enrolment | null;
}

/** A picture that can be drawn. Whoever holds it must close it. */
export type Picture = ImageBitmap | VideoFrame;

/** A picture and the result of its analysis. */
export interface LiveFrame {
  readonly result: LiveResult;
  /** Null in privacy mode. */
  readonly picture: Picture | null;
  /** When this page's camera captured it, or when it arrived at the server; in ms since 1970. */
  readonly takenAt: number;
}

/** Waits before each attempt to reconnect, in ms. */
const RECONNECT_DELAYS = [250, 500];
/** The wait before all further attempts, in ms. */
const LAST_RECONNECT_DELAY = 1000;
/** Interval between two looks at a connection, in ms. */
const WATCH_INTERVAL = 500;
/**
 * A connection is given up after this number of looks during which nothing arrived. The server sends
 * `Stats` once a second, and an attempt to connect also counts. The looks are counted because the
 * timers of a busy page are late, but so are its messages.
 */
const SILENT_LOOKS = 5;

/**
 * The WebSocket connection to the server. It reconnects until the page is closed, also if the network
 * was cut without a message.
 */
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
  /** Called with each picture and its result; the callee closes the picture. */
  onFrame: (frame: LiveFrame) => void = () => undefined;
  /** Called with each depth picture; the callee closes it. */
  onDepth: (picture: ImageBitmap) => void = () => undefined;
  onResult: (result: LiveResult) => void = () => undefined;
  /** Called when the server does not read this page's camera, because it reads another page's. */
  onCameraRefused: () => void = () => undefined;
  /**
   * Called when the server has analysed a picture of this page's camera.
   *
   * @param number `CameraHeader.number` of the picture.
   * @returns that picture, which the connection then passes to `onFrame`; undefined if it is gone.
   */
  takeOwnPicture: (number: number) => Omit<LiveFrame, "result"> | undefined = () => undefined;
  readonly #page: URL;
  #socket: WebSocket | null = null;
  #attempts = 0;
  #result: LiveResult | null = null;
  /** The picture that is being decoded; null while none is. */
  #decoding: Promise<void> | null = null;
  #requests: ViewerMessage[] = [];

  readonly #address: URL;

  /**
   * @param page the address of the page, beside which the server has its own addresses.
   * @param options.kiosk whether the page is the kiosk. Default false.
   */
  constructor(page: string, { kiosk = false }: { readonly kiosk?: boolean } = {}) {
    this.#page = new URL(page);
    this.#address = socketAddress(page);
    if (kiosk) this.#address.searchParams.set("kiosk", "1");
    // Until it is known whether this page is in privacy mode.
    this.#address.searchParams.set("pictures", "0");
  }

  open(): void {
    const socket = new WebSocket(this.#address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let silentLooks = 0;
    const watch = setInterval(() => {
      if (++silentLooks > SILENT_LOOKS) end();
    }, WATCH_INTERVAL);
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      clearInterval(watch);
      // Its further messages do not matter, and without a network it would take minutes to close.
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      this.#result = null;
      this.#update({ connected: false });
      void this.#checkToken();
      const delay = RECONNECT_DELAYS[this.#attempts++] ?? LAST_RECONNECT_DELAY;
      setTimeout(() => this.open(), delay);
    };
    socket.onopen = () => {
      silentLooks = 0;
      this.#attempts = 0;
      this.#update({ connected: true, refused: false });
      for (const request of this.#requests) this.#send(request);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      silentLooks = 0;
      if (typeof data === "string") this.#handleMessage(JSON.parse(data) as ServerMessage);
      // A damaged picture is skipped.
      else void this.#handlePicture(data).catch(() => undefined);
    };
    socket.onclose = end;
  }

  /** Sends what this page wants, now and after every reconnection; the last one of a type counts. */
  request(message: ViewerMessage): void {
    this.#requests = [...this.#requests.filter(({ type }) => type !== message.type), message];
    this.#send(message);
  }

  /**
   * Sends a picture of this page's camera: a `CameraHeader` and the pixels.
   *
   * @returns false, and sends nothing, if there is no connection or if the browser still buffers more
   * than one picture.
   */
  sendPicture(message: ArrayBuffer): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount > message.byteLength) return false;
    socket.send(message);
    return true;
  }

  #send(message: ViewerMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #handleMessage(message: ServerMessage): void {
    if (message.type === "frame") {
      this.#result = message;
      this.onResult(message);
    } else if (message.type === "camera-refused") this.onCameraRefused();
    else if (message.type === "sent") void this.#acknowledge(message.frame);
    else this.#update({ [message.type]: message });
  }

  /** @throws if the message is too short, or if its JPEG cannot be decoded. */
  async #handlePicture(data: ArrayBuffer): Promise<void> {
    const header = new DataView(data);
    const kind = header.getUint8(0);
    const result = this.#result;
    const isCurrent = result !== null && result.frame === header.getUint32(1, true);
    if (kind === PICTURE.own) {
      const own = this.takeOwnPicture(header.getUint32(PICTURE_HEADER, true));
      if (own !== undefined && isCurrent) this.onFrame({ result, ...own });
      else own?.picture?.close();
      return;
    }
    const blob = new Blob([new Uint8Array(data, PICTURE_HEADER)], { type: "image/jpeg" });
    if (kind === PICTURE.depth) {
      this.onDepth(await createImageBitmap(blob));
      return;
    }
    // A page that decodes too slowly skips pictures, so that it does not fall behind.
    if (!isCurrent || this.#decoding !== null) return;
    const decoded = createImageBitmap(blob).then((picture) =>
      this.onFrame({ result, picture, takenAt: result.capturedAt }),
    );
    this.#decoding = decoded.catch(() => undefined);
    await this.#decoding;
    this.#decoding = null;
  }

  /** Tells the server that a frame is on the screen, once it is. */
  async #acknowledge(frame: number): Promise<void> {
    await this.#decoding;
    await nextPaint();
    this.#send({ type: "ack", frame });
  }

  /** Asks over HTTP whether the token is rejected, which a closed WebSocket does not tell. */
  async #checkToken(): Promise<void> {
    const answer = await fetch(new URL("./", this.#page), { method: "HEAD" }).catch(() => null);
    if (!this.state.connected) this.#update({ refused: answer?.status === 401 });
  }

  #update(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    this.onState(this.state);
  }
}
