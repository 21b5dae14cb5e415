import { EventEmitter } from "node:events";
import { type Frame, MienError, withoutSecrets } from "@mien/format";
import { createPipeline, type People, type Pipeline, type PipelineOptions } from "@mien/runtime";
import type { LiveResult, Status } from "@mien/web";
import { delay, type Source } from "@mien/camera";
import { feed, mayComeBack, openLive } from "./feed.ts";
import { Meter } from "./meter.ts";
import { fromCamera } from "./camera-picture.ts";
import { depthToJpeg, toJpeg } from "../jpeg-pictures.ts";
import { WindowCounts } from "./window-counts.ts";

/** What a live engine works with. */
export interface EngineOptions {
  /** As `--source` takes it, or `browser`. */
  readonly source: string;
  readonly pipeline: Omit<PipelineOptions, "people" | "source">;
  /** The people to recognise; recognition is off while nobody is enrolled. */
  readonly people: People;
  readonly windowSize: number;
}

/** A processed frame. */
export interface LiveFrame {
  readonly frame: Frame;
  readonly result: LiveResult;
  /** The picture as JPEG; null if no viewer wants it. */
  readonly colour: Buffer | null;
  /** The depth picture as JPEG; null without depth, or if no viewer wants it. */
  readonly depth: Buffer | null;
  /** The page whose camera took the picture; null for every other source. */
  readonly origin: Origin | null;
}

/** The page whose camera took a picture. */
export interface Origin {
  readonly page: object;
  /** The page's own number of the picture. */
  readonly number: number;
}

/** The state of the source, without what only the app knows. */
export type SourceStatus = Omit<Status, "recording">;

/** What a live engine emits. */
export interface EngineEvents {
  /** A frame was processed. */
  frame: [LiveFrame];
  /** The state of the source changed. */
  status: [SourceStatus];
}

/** What the viewers want to be sent. Pictures that no viewer wants are not encoded. */
export interface ViewerDemand {
  /** The viewers that want colour pictures; a viewer needs no picture of its own camera. */
  readonly picturesFor: ReadonlySet<object>;
  /** Whether any viewer wants depth pictures. */
  readonly depth: boolean;
}

/** Time between two attempts to open a camera, in ms. */
const RETRY_INTERVAL = 2000;
/** A page's camera counts as stopped if no picture arrived for this time, in ms. */
const PAGE_CAMERA_TIMEOUT = 2000;

const WAITING = { state: "waiting", message: "waiting for a page to share its camera" } as const;

/** Reads a source, processes its frames, and emits the results. */
export class LiveEngine extends EventEmitter<EngineEvents> {
  readonly meter = new Meter();
  /** The last processed frame. */
  latest: LiveFrame | null = null;
  #demand: ViewerDemand = { picturesFor: new Set(), depth: false };
  readonly #options: EngineOptions;
  #pipeline: Pipeline;
  #recognises: boolean;
  #frameRate: number | null = null;
  #windows: WindowCounts;
  #status: SourceStatus;
  /** Tracks of a pipeline that forgot begin at 1 again; those that people see never do. */
  #trackOffset = 0;
  #maxTrack = 0;
  /** How often it has forgotten. */
  #epoch = 0;
  /** A page's picture: the one that waits, and whether one is worked on. */
  #waiting: { readonly page: object; readonly bytes: Uint8Array } | null = null;
  #busy = false;
  #stopped: NodeJS.Timeout | undefined;
  #complained = false;
  #offered = 0;
  readonly #opened = performance.now();

  private constructor(options: EngineOptions, pipeline: Pipeline) {
    super();
    this.#options = options;
    this.#pipeline = pipeline;
    this.#recognises = options.people.size > 0;
    this.#windows = new WindowCounts(pipeline.labels, options.windowSize);
    this.#status = this.isBrowser
      ? { type: "status", ...WAITING }
      : { type: "status", state: "starting", message: `opening ${this.source}` };
  }

  /** @throws {MienError} if a model cannot be used. */
  static async open(options: EngineOptions): Promise<LiveEngine> {
    return new LiveEngine(options, await openPipeline(options));
  }

  get isBrowser(): boolean {
    return this.#options.source === "browser";
  }

  /** The source for people to see: without its password. */
  get source(): string {
    return withoutSecrets(this.#options.source);
  }

  /** Frames a second that the source declares; null where it does not, and for a page's camera. */
  get frameRate(): number | null {
    return this.#frameRate;
  }

  get labels(): readonly string[] {
    return this.#pipeline.labels;
  }

  get status(): SourceStatus {
    return this.#status;
  }

  /** What the viewers want; at first nothing. */
  get demand(): ViewerDemand {
    return this.#demand;
  }

  /** Sets what the viewers want from the next frame on. */
  setDemand(demand: ViewerDemand): void {
    this.#demand = demand;
  }

  /** To be called whenever people came, went or changed their names. */
  async peopleChanged(): Promise<void> {
    const recognises = this.#options.people.size > 0;
    if (recognises === this.#recognises) this.#forget();
    else {
      this.#recognises = recognises;
      const before = this.#pipeline;
      this.#pipeline = await openPipeline(this.#options);
      this.#forget();
      await before.close();
    }
    // Its result still has the names that were.
    this.latest = null;
  }

  /** A picture of a page's camera; while one is worked on, only the newest waits. */
  offer(page: object, bytes: Uint8Array): void {
    if (this.#waiting !== null) this.meter.totals.dropped++;
    this.#waiting = { page, bytes };
    if (!this.#busy) void this.#workOffOffers();
  }

  /**
   * Reads the source until the signal fires, or a file ends.
   *
   * @throws {MienError} if a file cannot be read; a camera is tried again and again.
   */
  async run(signal: AbortSignal, first?: Source): Promise<void> {
    if (this.isBrowser) {
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      return;
    }
    const { source: text } = this.#options;
    let source = first;
    while (!signal.aborted) {
      try {
        source ??= await openLive(text, signal, ({ kind, message, error }) => {
          if (kind === "lost") this.#tell({ state: "lost", message, advice: error?.advice });
          if (kind === "back") this.#tell({ state: "running", message });
        });
        await this.#read(source, signal);
        if (!mayComeBack(text)) {
          if (!signal.aborted) this.#tell({ state: "ended", message: `${this.source} has ended` });
          return;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof MienError) || !mayComeBack(text)) throw error;
        this.#tell({ state: "lost", message: error.message, advice: error.advice });
      }
      source = undefined;
      await delay(RETRY_INTERVAL, signal);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#stopped);
    await this.#pipeline.close();
  }

  async #read(source: Source, signal: AbortSignal): Promise<void> {
    // Its time and its faces have nothing to do with those of the reading before.
    this.#forget();
    this.#frameRate = source.framesPerSecond;
    let expected = 0;
    for await (const { frame, cut } of feed(source, signal)) {
      if (frame.index > expected) this.meter.totals.dropped += frame.index - expected;
      expected = frame.index + 1;
      if (cut) this.#forget();
      if (this.#status.state !== "running") this.#tell({ state: "running", message: source.name });
      await this.#work(frame, Date.now());
    }
  }

  async #workOffOffers(): Promise<void> {
    this.#busy = true;
    clearTimeout(this.#stopped);
    try {
      while (this.#waiting !== null) {
        const { page, bytes } = this.#waiting;
        this.#waiting = null;
        const capturedAt = Date.now();
        try {
          const { number, ...picture } = fromCamera(bytes);
          const timeMs = performance.now() - this.#opened;
          const frame: Frame = { ...picture, index: this.#offered++, timeMs };
          if (this.#status.state !== "running") {
            this.#tell({ state: "running", message: "this page's camera" });
          }
          await this.#work(frame, capturedAt, { page, number });
        } catch (error) {
          this.meter.totals.failed++;
          if (!(error instanceof MienError) && !this.#complained) {
            this.#complained = true;
            console.error(error);
          }
        }
      }
    } finally {
      this.#busy = false;
      this.#stopped = setTimeout(() => this.#stop(), PAGE_CAMERA_TIMEOUT).unref();
    }
  }

  /** Nothing is kept of a page's camera that has stopped. */
  #stop(): void {
    this.latest = null;
    this.#forget();
    this.#tell(WAITING);
  }

  async #work(frame: Frame, capturedAt: number, origin: Origin | null = null): Promise<void> {
    const started = performance.now();
    const epoch = this.#epoch;
    const wantsColour = [...this.#demand.picturesFor].some((page) => page !== origin?.page);
    const [seen, colour, depth] = await Promise.all([
      this.#pipeline.process(frame),
      wantsColour ? toJpeg(frame) : null,
      frame.depth !== undefined && this.#demand.depth ? depthToJpeg(frame.depth) : null,
    ]);
    // People changed meanwhile: these names may be gone.
    if (epoch !== this.#epoch) return;
    const faces = seen.faces.map((face) => {
      if (face.track === null) return face;
      const track = face.track + this.#trackOffset;
      this.#maxTrack = Math.max(this.#maxTrack, track);
      return { ...face, track };
    });
    const result: LiveResult = {
      ...seen,
      source: frame.path ?? this.source,
      faces,
      capturedAt,
      depth: depth !== null,
      windows: this.#windows.add(faces, frame.timeMs),
    };
    this.meter.frame(performance.now() - started, faces.length);
    this.latest = { frame, result, colour, depth, origin };
    this.emit("frame", this.latest);
  }

  #forget(): void {
    this.#epoch++;
    this.#pipeline.reset();
    this.#windows = new WindowCounts(this.labels, this.#options.windowSize);
    this.#trackOffset = this.#maxTrack;
  }

  #tell(status: Omit<Status, "type" | "recording">): void {
    this.#status = { type: "status", ...status };
    this.emit("status", this.#status);
  }
}

function openPipeline({ pipeline, people }: EngineOptions): Promise<Pipeline> {
  const known = people.size > 0 ? { people } : {};
  return createPipeline({ ...pipeline, ...known, rejected: true });
}
