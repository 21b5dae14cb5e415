import {
  CAMERA_HEADER,
  cameraBytes,
  writeCameraHeader,
  type CameraHeader,
} from "../../camera-header.ts";
import type { Connection, Picture } from "./connection.ts";

/** State of the page's own camera. */
export type CameraState = "off" | "asking" | "on" | "denied" | "none" | "busy" | "insecure";

/** A picture that was sent. */
export interface SentPicture {
  readonly picture: Picture;
  /** Milliseconds since 1970. */
  readonly takenAt: number;
}

/**
 * Pictures that may be under way. With two, an answer that takes longer than two pictures' time, 67 ms,
 * would cost every third picture.
 */
const MAX_IN_FLIGHT = 3;
/** How long to wait for the result of a picture, in ms. */
const ANSWER_TIMEOUT = 1000;
/** The most pixels of a picture; larger ones are scaled down. */
const MAX_PIXELS = 1280 * 720;

/** Sends the pictures of this page's camera to the server, as fast as it answers. */
export class Camera {
  state: CameraState = "off";
  onState: (state: CameraState) => void = () => undefined;
  /** Pictures that were not sent, since the server had not yet answered for those before. */
  skipped = 0;
  readonly #connection: Connection;
  readonly #canvas = new OffscreenCanvas(1, 1);
  readonly #sent = new Map<number, SentPicture>();
  #stream: MediaStream | null = null;
  #number = 0;
  #message = new ArrayBuffer(0);

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async start(): Promise<void> {
    if (!("mediaDevices" in navigator)) {
      this.#tell("insecure");
      return;
    }
    this.#tell("asking");
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
      });
    } catch (error) {
      const { name } = error as DOMException;
      this.#tell(
        name === "NotAllowedError" ? "denied" : name === "NotFoundError" ? "none" : "busy",
      );
      return;
    }
    const [track] = this.#stream.getVideoTracks();
    track?.addEventListener("ended", () => this.stop("none"));
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.srcObject = this.#stream;
    await video.play();
    this.#tell("on");
    this.#pump(video, this.#stream);
  }

  stop(state: CameraState = "off"): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#forget(Infinity);
    this.#tell(state);
  }

  /** The picture of that number, which the server has worked on; the caller closes it. */
  takeSent(number: number): SentPicture | undefined {
    const taken = this.#sent.get(number);
    this.#sent.delete(number);
    // Those before it were left out.
    this.#forget(number);
    return taken;
  }

  #pump(video: HTMLVideoElement, stream: MediaStream): void {
    let busy = false;
    const next = () => {
      if (this.#stream !== stream) return;
      video.requestVideoFrameCallback(next);
      const latest = [...this.#sent.values()].at(-1);
      if (latest !== undefined && Date.now() - latest.takenAt > ANSWER_TIMEOUT)
        this.#forget(Infinity);
      if (busy || this.#sent.size >= MAX_IN_FLIGHT) {
        this.skipped++;
        return;
      }
      busy = true;
      void this.#send(video)
        // A picture that cannot be taken is left out.
        .catch(() => undefined)
        .finally(() => (busy = false));
    };
    video.requestVideoFrameCallback(next);
  }

  async #send(video: HTMLVideoElement): Promise<void> {
    const takenAt = Date.now();
    const number = this.#number++;
    const picture = (await this.#planes(video, number)) ?? this.#rgba(video, number);
    if (this.#stream !== null && this.#connection.sendPicture(this.#message)) {
      this.#sent.set(number, { picture, takenAt });
    } else picture.close();
  }

  /** The picture as the camera gives it, where the browser hands that out. */
  async #planes(video: HTMLVideoElement, number: number): Promise<VideoFrame | undefined> {
    if (!("VideoFrame" in globalThis)) return undefined;
    const frame = new VideoFrame(video);
    const { format, visibleRect, colorSpace } = frame;
    const { width = 1, height = 1 } = visibleRect ?? {};
    const fits = width % 2 === 0 && height % 2 === 0 && width * height <= MAX_PIXELS;
    if ((format !== "I420" && format !== "NV12") || !fits) {
      frame.close();
      return undefined;
    }
    const fullRange = colorSpace.fullRange === true;
    const bt709 = colorSpace.matrix === "bt709";
    const pixels = this.#begin({ format, fullRange, bt709, width, height, number });
    await frame.copyTo(pixels);
    return frame;
  }

  /** The picture by way of a canvas, which every browser can do. */
  #rgba(video: HTMLVideoElement, number: number): ImageBitmap {
    const { videoWidth, videoHeight } = video;
    const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (videoWidth * videoHeight)));
    const [width, height] = [Math.floor(videoWidth * scale), Math.floor(videoHeight * scale)];
    const canvas = this.#canvas;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("this browser draws no pictures");
    context.drawImage(video, 0, 0, width, height);
    const header = {
      format: "RGBA",
      fullRange: true,
      bt709: false,
      width,
      height,
      number,
    } as const;
    this.#begin(header).set(context.getImageData(0, 0, width, height).data);
    return canvas.transferToImageBitmap();
  }

  /** Writes the header. @returns where the pixels go. */
  #begin(header: CameraHeader): Uint8Array<ArrayBuffer> {
    const size = CAMERA_HEADER + cameraBytes(header);
    if (this.#message.byteLength !== size) this.#message = new ArrayBuffer(size);
    writeCameraHeader(header, new DataView(this.#message));
    return new Uint8Array(this.#message, CAMERA_HEADER);
  }

  /** Closes what was sent before that number. */
  #forget(before: number): void {
    for (const [number, { picture }] of this.#sent) {
      if (number >= before) continue;
      picture.close();
      this.#sent.delete(number);
    }
  }

  #tell(state: CameraState): void {
    this.state = state;
    this.onState(state);
  }
}
