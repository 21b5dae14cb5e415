import {
  CAMERA_HEADER,
  cameraBytes,
  writeCameraHeader,
  type CameraHeader,
} from "../../camera-header.ts";
import type { Connection, Picture } from "./connection.ts";

/**
 * State of the page's own camera:
 *
 * - `off`: it was not started, or was stopped;
 * - `asking`: the browser asks for permission;
 * - `on`: its pictures are sent;
 * - `denied`: the browser or the user refused permission;
 * - `none`: there is no camera, or it was unplugged;
 * - `taken`: the server reads the camera of another page;
 * - `busy`: it cannot be opened for another reason;
 * - `insecure`: the browser allows no camera on this page, which comes from another computer.
 */
export type CameraState =
  "off" | "asking" | "on" | "denied" | "none" | "taken" | "busy" | "insecure";

/** A picture that was sent to the server. */
export interface SentPicture {
  readonly picture: Picture;
  /** When it was taken, in milliseconds since 1970. */
  readonly takenAt: number;
}

/**
 * The largest number of pictures that wait for their result. With only two, every third picture would
 * be skipped if a result took longer than two pictures at 30 frames per second, 67 ms.
 */
const MAX_IN_FLIGHT = 3;
/** How long to wait for the result of a picture, in ms. */
const RESULT_TIMEOUT = 1000;
/** The largest number of pixels of a picture; larger pictures are scaled down. */
const MAX_PIXELS = 1280 * 720;

/** The picture size to ask for until the server has told one, in pixels. */
const DEFAULT_SIZE = { width: 640, height: 480 } as const;
/** The name under which the browser stores the chosen camera. */
const STORED = "camera";

/** The camera of this page. Sends its pictures to the server as fast as their results arrive. */
export class PageCamera {
  state: CameraState = "off";
  /** Called with each new state. */
  onState: (state: CameraState) => void = () => undefined;
  /** Number of pictures that were not sent, because too many others still waited for their result. */
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

  /** The chosen camera; empty if the browser chooses. The browser stores it. */
  get deviceId(): string {
    return localStorage.getItem(STORED) ?? "";
  }

  /** Chooses a camera; a camera that is on is replaced. @param deviceId empty: the browser chooses. */
  choose(deviceId: string): void {
    if (deviceId === "") localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, deviceId);
    void this.restart();
  }

  /** Opens the camera again, with the size and the device that are chosen now, if it is on. */
  async restart(): Promise<void> {
    if (this.state !== "on") return;
    this.stop();
    await this.start();
  }

  /** Asks for permission and starts to send pictures; `state` tells whether this succeeded. */
  async start(): Promise<void> {
    if (!("mediaDevices" in navigator)) {
      this.#setState("insecure");
      return;
    }
    this.#setState("asking");
    try {
      const { width, height } = this.#connection.state.hello?.resolution ?? DEFAULT_SIZE;
      this.#stream = await navigator.mediaDevices.getUserMedia({
        video: {
          width: { ideal: width },
          height: { ideal: height },
          frameRate: { ideal: 30 },
          ...(this.deviceId === "" ? {} : { deviceId: { ideal: this.deviceId } }),
        },
      });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      this.#setState(
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
    this.#setState("on");
    this.#sendFrames(video, this.#stream);
  }

  /** Stops the camera. @param state the state from then on. Default `off`. */
  stop(state: CameraState = "off"): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#closeSent();
    this.#setState(state);
  }

  /**
   * Removes a sent picture whose result has arrived. Closes those that were sent before it, because the
   * server skipped them.
   *
   * @param number its `CameraHeader.number`.
   * @returns the picture, which the caller must close; undefined if it is not stored any more.
   */
  takeSent(number: number): SentPicture | undefined {
    const taken = this.#sent.get(number);
    this.#sent.delete(number);
    this.#closeSent(number);
    return taken;
  }

  /** Sends each frame of the video until the camera is stopped. */
  #sendFrames(video: HTMLVideoElement, stream: MediaStream): void {
    let busy = false;
    const next = () => {
      if (this.#stream !== stream) return;
      video.requestVideoFrameCallback(next);
      const latest = [...this.#sent.values()].at(-1);
      if (latest !== undefined && Date.now() - latest.takenAt > RESULT_TIMEOUT) this.#closeSent();
      if (busy || this.#sent.size >= MAX_IN_FLIGHT) {
        this.skipped++;
        return;
      }
      busy = true;
      void this.#send(video)
        // A picture that cannot be taken is skipped.
        .catch(() => undefined)
        .finally(() => (busy = false));
    };
    video.requestVideoFrameCallback(next);
  }

  /** Takes a picture and sends it. */
  async #send(video: HTMLVideoElement): Promise<void> {
    const takenAt = Date.now();
    const number = this.#number++;
    const picture = (await this.#takeYuv(video, number)) ?? this.#takeRgba(video, number);
    if (this.#stream !== null && this.#connection.sendPicture(this.#message)) {
      this.#sent.set(number, { picture, takenAt });
    } else picture.close();
  }

  /**
   * Takes a picture without converting its colours.
   *
   * @returns undefined if the browser does not support this, or not for this picture.
   */
  async #takeYuv(video: HTMLVideoElement, number: number): Promise<VideoFrame | undefined> {
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
    const pixels = this.#startMessage({ format, fullRange, bt709, width, height, number });
    await frame.copyTo(pixels);
    return frame;
  }

  /** Takes a picture through a canvas, which every browser supports. */
  #takeRgba(video: HTMLVideoElement, number: number): ImageBitmap {
    const { videoWidth, videoHeight } = video;
    const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (videoWidth * videoHeight)));
    const [width, height] = [Math.floor(videoWidth * scale), Math.floor(videoHeight * scale)];
    const canvas = this.#canvas;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("this browser cannot draw on a canvas");
    context.drawImage(video, 0, 0, width, height);
    const header = {
      format: "RGBA",
      fullRange: true,
      bt709: false,
      width,
      height,
      number,
    } as const;
    this.#startMessage(header).set(context.getImageData(0, 0, width, height).data);
    return canvas.transferToImageBitmap();
  }

  /** Starts the next message with a header. @returns the part of the message for the pixels. */
  #startMessage(header: CameraHeader): Uint8Array<ArrayBuffer> {
    const size = CAMERA_HEADER + cameraBytes(header);
    if (this.#message.byteLength !== size) this.#message = new ArrayBuffer(size);
    writeCameraHeader(header, new DataView(this.#message));
    return new Uint8Array(this.#message, CAMERA_HEADER);
  }

  /** Closes the sent pictures with a lower number; without a number, all of them. */
  #closeSent(before = Infinity): void {
    for (const [number, { picture }] of this.#sent) {
      if (number >= before) continue;
      picture.close();
      this.#sent.delete(number);
    }
  }

  #setState(state: CameraState): void {
    this.state = state;
    this.onState(state);
  }
}
