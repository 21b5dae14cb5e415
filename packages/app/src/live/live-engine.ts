import { EventEmitter, once } from "node:events";
import type { SourceNotice } from "@mien/camera";
import type { Frame } from "@mien/format";
import {
  createPipeline,
  type People,
  type Pipeline,
  type PipelineOptions,
  type PipelineSettings,
} from "@mien/runtime";
import type { LiveResult } from "@mien/web";
import { depthToJpeg, toJpeg } from "../jpeg-pictures.ts";
import type { LiveFrame, Origin } from "./live-frame.ts";
import type { LiveSource } from "./live-source.ts";
import { Meter } from "./meter.ts";
import { PageCamera } from "./page-camera.ts";
import {
  firstStatus,
  statusAfterChange,
  statusAfterNotice,
  WAITING,
  type SourceChange,
  type SourceStatus,
} from "./source-status.ts";

/** What a live engine works with. */
export interface EngineOptions {
  /** Where the frames come from; the engine closes it. */
  readonly source: LiveSource;
  readonly pipeline: Omit<PipelineOptions, "people" | "source">;
  /** The people to recognise; recognition is off while nobody is enrolled. */
  readonly people: People;
}

/** What a live engine emits. */
export interface EngineEvents {
  /** A frame was processed. */
  frame: [LiveFrame];
  /** The state of the source changed. */
  status: [SourceStatus];
}

/** The pictures that the viewers request. Pictures that no viewer requests are not encoded. */
export interface ViewerDemand {
  /** The viewers that want colour pictures; nobody gets the pictures of a page's camera. */
  readonly picturesFor: ReadonlySet<object>;
  /** Whether any viewer wants depth pictures. */
  readonly depth: boolean;
  /** Number of viewers that are kiosk pages. */
  readonly kiosks: number;
}

/** Reads a source, processes its frames, and emits the results. */
export class LiveEngine extends EventEmitter<EngineEvents> {
  readonly meter = new Meter();
  /**
   * The last processed frame. Null before the first frame, and again from a change of the enrolled people
   * or the stop of a page's camera until the next frame.
   */
  latest: LiveFrame | null = null;
  readonly #people: People;
  #source: LiveSource;
  /** Ends the reading of the source when another takes its place. */
  #reading = new AbortController();
  #demand: ViewerDemand = { picturesFor: new Set(), depth: false, kiosks: 0 };
  #pipeline: Pipeline;
  #status: SourceStatus;
  /** Number of resets. A result whose computation began before a reset is dropped. */
  #resets = 0;
  readonly #pageCamera: PageCamera;

  private constructor(options: EngineOptions, pipeline: Pipeline) {
    super();
    this.#people = options.people;
    this.#source = options.source;
    this.#pipeline = pipeline;
    this.#status = firstStatus(options.source);
    this.#pageCamera = new PageCamera({
      meter: this.meter,
      process: (frame, capturedAt, origin) => {
        if (this.#status.state !== "running") {
          this.#setStatus({ state: "running", message: "this page's camera" });
        }
        return this.#process(frame, capturedAt, origin);
      },
      onStop: () => this.#pageCameraStopped(),
    });
  }

  /** @throws {MienError} if a model cannot be used. */
  static async open(options: EngineOptions): Promise<LiveEngine> {
    return new LiveEngine(options, await openPipeline(options.pipeline, options.people));
  }

  /** Whether the frames are pictures of pages' cameras. */
  get readsPageCameras(): boolean {
    return this.#source.source === null;
  }

  /** The value of `--source` without its password. */
  get source(): string {
    return this.#source.name;
  }

  /** Frames per second as the source declares them; null if not known, and for pages' cameras. */
  get frameRate(): number | null {
    return this.#source.source?.framesPerSecond ?? null;
  }

  /** Whether the source has depth. */
  get isKinect(): boolean {
    return this.#source.isKinect;
  }

  get labels(): readonly string[] {
    return this.#pipeline.labels;
  }

  /** The settings of the pipeline, each with its value. */
  get settings(): PipelineSettings {
    return this.#pipeline.settings;
  }

  get status(): SourceStatus {
    return this.#status;
  }

  /** What the viewers want; nothing at first. */
  get demand(): ViewerDemand {
    return this.#demand;
  }

  /** Sets what the viewers want from the next frame on. */
  setDemand(demand: ViewerDemand): void {
    this.#demand = demand;
  }

  /** To be called after people were enrolled, deleted or renamed. */
  peopleChanged(): void {
    this.#reset();
    // The result of the last frame contains the names before the change.
    this.latest = null;
  }

  /**
   * Replaces the models and the settings from the next frame on.
   *
   * @throws {MienError} if a model or a setting cannot be used; then nothing changes.
   */
  async usePipeline(pipeline: EngineOptions["pipeline"]): Promise<void> {
    const opened = await openPipeline(pipeline, this.#people);
    const before = this.#pipeline;
    this.#pipeline = opened;
    this.#resets++;
    this.latest = null;
    await before.close();
  }

  /** Reads another source from now on, and closes the one before. */
  async useSource(source: LiveSource): Promise<void> {
    const before = this.#source;
    this.#pageCamera.discard();
    this.#source = source;
    this.latest = null;
    this.#reset();
    this.#changeStatus(firstStatus(source));
    this.#reading.abort();
    await before.source?.close();
  }

  /**
   * Accepts a picture from a page's camera. While a picture is being processed, only the newest of the
   * pictures that arrive is kept.
   *
   * @param page the page that sent the picture.
   * @param bytes see `readCameraPicture`.
   * @returns false if the camera of another page is being read.
   */
  offer(page: object, bytes: Uint8Array): boolean {
    return this.#pageCamera.offer(page, bytes);
  }

  /** To be called when a page is closed; if its camera was read, everything about it is discarded. */
  leave(page: object): void {
    this.#pageCamera.leave(page);
  }

  /**
   * Reads the source, and every source that takes its place, until the signal fires. A source that has
   * ended stays until then; the status says that it has ended.
   *
   * @throws {MienError} if a file cannot be read; a camera that is lost is opened again.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#reading = new AbortController();
      const stop = AbortSignal.any([signal, this.#reading.signal]);
      await this.#read(this.#source, stop);
      if (!stop.aborted) await once(stop, "abort");
    }
  }

  async #read({ source, notices }: LiveSource, signal: AbortSignal): Promise<void> {
    if (source === null) return;
    const onNotice = (notice: SourceNotice) => {
      if (!signal.aborted) this.#changeStatus(statusAfterNotice(this.#status, notice));
    };
    notices.on("notice", onNotice);
    try {
      let expected = 0;
      for await (const frame of source.frames(signal)) {
        if (signal.aborted) return;
        this.meter.totals.dropped += Math.max(0, frame.index - expected);
        expected = frame.index + 1;
        if (frame.discontinuity) this.#reset();
        if (this.#status.state !== "running") {
          this.#setStatus({ state: "running", message: source.name });
        }
        await this.#process(frame, Date.now());
      }
      if (!signal.aborted) {
        this.#setStatus({ state: "ended", message: `${this.source} has ended` });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      notices.off("notice", onNotice);
    }
  }

  /** Closes the source and frees the models; call it after `run` has ended. */
  async close(): Promise<void> {
    this.#pageCamera.discard();
    await this.#source.source?.close();
    await this.#pipeline.close();
  }

  /** Discards everything about a page's camera that has stopped. */
  #pageCameraStopped(): void {
    if (!this.readsPageCameras) return;
    this.latest = null;
    this.#reset();
    this.#setStatus(WAITING);
  }

  async #process(frame: Frame, capturedAt: number, origin: Origin | null = null): Promise<void> {
    const started = performance.now();
    const resets = this.#resets;
    // Nobody gets the pictures of a page's camera: that page has them, and others must not see them.
    const wantsColour = origin === null && this.#demand.picturesFor.size > 0;
    const [seen, colour, depth] = await Promise.all([
      this.#pipeline.process(frame),
      wantsColour ? toJpeg(frame) : null,
      frame.depth !== undefined && this.#demand.depth ? depthToJpeg(frame.depth) : null,
    ]);
    // People were changed or the camera stopped meanwhile, so the result may be outdated.
    if (resets !== this.#resets) return;
    const result: LiveResult = {
      ...seen,
      source: frame.path ?? this.source,
      capturedAt,
      depth: depth !== null,
      windows: seen.windows ?? {},
    };
    this.meter.frame(performance.now() - started, seen.faces.length);
    this.latest = { frame, result, colour, depth, origin };
    this.emit("frame", this.latest);
  }

  /** Starts new tracks and confirmation windows, and drops the results that are being computed. */
  #reset(): void {
    this.#resets++;
    this.#pipeline.reset();
  }

  #setStatus(change: SourceChange): void {
    this.#changeStatus(statusAfterChange(this.#status, change));
  }

  #changeStatus(status: SourceStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.emit("status", status);
  }
}

function openPipeline(pipeline: EngineOptions["pipeline"], people: People): Promise<Pipeline> {
  return createPipeline({ ...pipeline, people, rejected: true, windows: true });
}
