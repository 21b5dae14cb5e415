import { type Frame, messageOf, MienError, withoutSecrets } from "@mien/format";
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
  /** Recognition is off while it is empty. */
  readonly people: People;
  readonly windowSize: number;
}

/** A frame that was worked on. */
export interface LiveFrame {
  readonly frame: Frame;
  readonly result: LiveResult;
  /** As JPEG, where somebody looks at it. */
  readonly colour: Buffer | null;
  /** As JPEG, where there is depth and somebody looks at it. */
  readonly depth: Buffer | null;
  /** Where it came from, for a picture of a page's camera. */
  readonly origin: Origin | null;
}

/** Whose camera took a picture. */
export interface Origin {
  readonly page: object;
  /** The page's own number of the picture. */
  readonly number: number;
}

/** Who wants to know what happens. */
export interface LiveListener {
  onFrame?(frame: LiveFrame): void;
  onStatus?(status: Omit<Status, "recording">): void;
}

/** A camera that cannot be opened is tried again after so many milliseconds. */
const TRY_AGAIN = 2000;
/** A page's camera that sends nothing for so many milliseconds has stopped. */
const STOPPED = 2000;

const WAITING = { state: "waiting", message: "waiting for a page to share its camera" } as const;

/** Reads a source for ever and tells what is seen in it. */
export class LiveEngine {
  readonly meter = new Meter();
  /** The frame that was worked on last. */
  latest: LiveFrame | null = null;
  /** Whether anybody wants to see depth. */
  wantsDepth = false;
  /** Whether anybody wants to see pictures, except the page whose camera took them. */
  wantsColour: (page: object | null) => boolean = () => false;
  readonly #options: EngineOptions;
  readonly #listeners = new Set<LiveListener>();
  #pipeline: Pipeline;
  #recognises: boolean;
  #frameRate: number | null = null;
  #windows: WindowCounts;
  #status: Omit<Status, "recording">;
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

  get status(): Omit<Status, "recording"> {
    return this.#status;
  }

  /** @returns how to stop listening. */
  listen(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
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
      await delay(TRY_AGAIN, signal);
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
      this.#stopped = setTimeout(() => this.#stop(), STOPPED).unref();
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
    const [seen, colour, depth] = await Promise.all([
      this.#pipeline.process(frame),
      this.wantsColour(origin?.page ?? null) ? toJpeg(frame) : null,
      frame.depth !== undefined && this.wantsDepth ? depthToJpeg(frame.depth) : null,
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
    for (const listener of this.#listeners) listener.onFrame?.(this.latest);
  }

  #forget(): void {
    this.#epoch++;
    this.#pipeline.reset();
    this.#windows = new WindowCounts(this.labels, this.#options.windowSize);
    this.#trackOffset = this.#maxTrack;
  }

  #tell(status: Omit<Status, "type" | "recording">): void {
    this.#status = { type: "status", ...status };
    for (const listener of this.#listeners) listener.onStatus?.(this.#status);
  }
}

function openPipeline({ pipeline, people }: EngineOptions): Promise<Pipeline> {
  const known = people.size > 0 ? { people } : {};
  return createPipeline({ ...pipeline, ...known, rejected: true });
}

/** For a sentence: what went wrong. */
export function reasonOf(error: unknown): string {
  return error instanceof MienError && error.advice
    ? `${error.message}. ${error.advice}`
    : messageOf(error);
}
