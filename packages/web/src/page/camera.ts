import type { Connection } from "./connection.ts";

/** How the page's own camera is. */
export type CameraState = "off" | "asking" | "on" | "denied" | "none" | "busy" | "insecure";

/** Pictures that may be under way. */
const UNDER_WAY = 3;
/** An answer that takes longer is not waited for, in milliseconds. */
const PATIENCE = 1000;
const QUALITY = 0.85;

/** Sends the pictures of this page's camera to the server, as fast as it answers. */
export class Camera {
  state: CameraState = "off";
  onState: (state: CameraState) => void = () => undefined;
  readonly #connection: Connection;
  #stream: MediaStream | null = null;
  #underWay = 0;
  #lastSent = 0;

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
    this.#pump(video);
  }

  stop(state: CameraState = "off"): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#tell(state);
  }

  /** The server has worked on a picture. */
  answered(): void {
    this.#underWay = Math.max(0, this.#underWay - 1);
  }

  #pump(video: HTMLVideoElement): void {
    // Not a canvas element: its pictures are encoded only while the page is idle.
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext("2d");
    const next = () => {
      if (this.#stream === null) return;
      video.requestVideoFrameCallback(next);
      const now = performance.now();
      if (now - this.#lastSent > PATIENCE) this.#underWay = 0;
      if (this.#underWay >= UNDER_WAY || context === null) return;
      if (canvas.width !== video.videoWidth) canvas.width = video.videoWidth;
      if (canvas.height !== video.videoHeight) canvas.height = video.videoHeight;
      context.drawImage(video, 0, 0);
      this.#underWay++;
      this.#lastSent = now;
      void canvas
        .convertToBlob({ type: "image/jpeg", quality: QUALITY })
        .then((blob) => blob.arrayBuffer())
        .then((jpeg) => {
          if (!this.#connection.offer(jpeg)) this.answered();
        });
    };
    video.requestVideoFrameCallback(next);
  }

  #tell(state: CameraState): void {
    this.state = state;
    this.onState(state);
  }
}
