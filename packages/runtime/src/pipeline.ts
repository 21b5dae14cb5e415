import {
  MienError,
  type FaceResult,
  type Frame,
  type FrameResult,
  type RejectedBox,
} from "@mien/format";
import { clip, isInside, type Box } from "./image/box.ts";
import { checkOptions } from "./check-options.ts";
import { argmax } from "./expression/argmax.ts";
import { resolveConfirmation } from "./expression/confirmation.ts";
import { ConfirmationWindows } from "./expression/confirmation-windows.ts";
import { judgeRelief } from "./depth/depth-gate.ts";
import { ExpressionClassifier } from "./expression/expression-classifier.ts";
import { FaceDetector } from "./detect/face-detector.ts";
import { Identities } from "./people/identities.ts";
import type { Match, People } from "./people/people.ts";
import { checkFrame } from "./image/picture.ts";
import type { PipelineOptions } from "./pipeline-options.ts";
import { pipelineSettings, type PipelineSettings } from "./pipeline-settings.ts";
import { readExpressions } from "./expression/read-expressions.ts";
import { resolveSession, type SessionChoices } from "./session/session-choices.ts";
import type { Picture } from "./image/shrink.ts";
import { Stopwatch } from "./stopwatch.ts";
import { countFrom1, resolveTracking, Tracker } from "./track/tracker.ts";

/** A frame; what a plain picture does not say is counted and timed by the pipeline. */
export type FrameInput = Picture & Partial<Omit<Frame, keyof Picture>>;

/** How one frame is worked on. */
export interface ProcessOptions {
  /** Cancels the frame while it waits for its turn. */
  readonly signal?: AbortSignal;
}

/** Turns frames into results. */
export interface FrameProcessor {
  /** Class names in the order of `FaceResult.probabilities`. */
  readonly labels: readonly string[];
  /**
   * Takes one frame. Calls may overlap; they are worked through in order, since each result
   * depends on the frames before. While one frame is read, faces are looked for in the next one
   * already, so two frames at a time keep the pipeline busy (and, with `background`, two cores); more
   * only wait, and hold their memory. Results are the same as one by one.
   *
   * @throws {MienError} `bad-image` for an impossible picture, after which the pipeline goes on;
   * `interrupted` if the signal has fired before its turn; `usage` after `close`.
   */
  process(frame: FrameInput, options?: ProcessOptions): Promise<FrameResult>;
  /**
   * Forgets every track and confirmation window, as between two films. Frames given before still get
   * the results that they would have got. No track id is used again.
   */
  reset(): void;
  /** Frees the models once the calls made so far have ended. */
  close(): Promise<void>;
}

/** Finds faces in frames, follows them, recognises people and reads expressions. */
export interface Pipeline extends FrameProcessor {
  /** Every setting with its value: the one that was given, or the default. */
  readonly settings: PipelineSettings;
}

/** A frame between its two stages: faces are found, and to be read. */
interface Sought {
  readonly index: number;
  readonly timeMs: number;
  readonly seen: readonly Seen[];
  readonly rejected: RejectedBox[];
  readonly watch: Stopwatch;
}

/** What is seen of one face while a frame is worked on. */
interface Seen {
  readonly track: number | null;
  readonly box: Box;
  readonly score: number;
  readonly fresh: boolean;
  readonly distanceMm: number | null;
  readonly relief: FaceResult["relief"];
}

/**
 * Opens the models and puts the stages together: detect, follow, gate by depth, recognise, read
 * expressions, confirm.
 *
 * Pipelines share nothing; any number can be open side by side.
 *
 * @throws {MienError} `missing-file` or `bad-model` naming the model that cannot be used;
 * `environment` if onnxruntime cannot start; `usage` for an option that is unknown, missing or
 * out of range.
 */
export async function createPipeline(options: PipelineOptions): Promise<Pipeline> {
  checkOptions("createPipeline", options);
  const session = sessionChoices(options);
  const classifier = await ExpressionClassifier.open(options.expression, session);
  try {
    const detector = await FaceDetector.open(options.detector, {
      ...options.detection,
      ...session,
    });
    return new Stages(classifier, detector, options);
  } catch (error) {
    await classifier.close();
    throw error;
  }
}

/** `detectEvery` counts frames of 30 a second; slower ones are waited for no longer than these. */
const FRAME_MS = 1000 / 30;

class Stages implements Pipeline {
  readonly #classifier: ExpressionClassifier;
  readonly #detector: FaceDetector;
  readonly settings: PipelineSettings;
  readonly #people: People | undefined;
  readonly #source: string;
  /** One count for all trackers, so that `reset` does not give an id twice. */
  readonly #nextTrack = countFrom1();
  readonly #opened = performance.now();
  #memory: Memory;
  #frames = 0;
  /** When faces may be looked for in the next frame; never rejects. */
  #free: Promise<unknown> = Promise.resolve();
  /** When all frames given so far are done; never rejects. */
  #done: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(classifier: ExpressionClassifier, detector: FaceDetector, options: PipelineOptions) {
    this.#classifier = classifier;
    this.#detector = detector;
    this.#people = options.people;
    this.#source = options.source ?? "";
    this.settings = resolveSettings(options, classifier.labels, detector);
    this.#memory = this.#createMemory();
  }

  get labels() {
    return this.#classifier.labels;
  }

  async process(frame: FrameInput, options: ProcessOptions = {}): Promise<FrameResult> {
    checkOptions("process", options);
    const { signal } = options;
    if (this.#closing !== undefined) {
      throw new MienError("usage", "the pipeline is closed");
    }
    const memory = this.#memory;
    const before = this.#done;
    const sought = this.#free.then(() => {
      if (signal?.aborted) throw new MienError("interrupted", "the frame was not worked on");
      return this.#seek(frame, memory);
    });
    const result = before.then(async () => this.#read(frame, await sought, memory));
    this.#free = Promise.allSettled([sought, before]);
    this.#done = result.catch(() => undefined);
    return result;
  }

  reset(): void {
    this.#memory = this.#createMemory();
  }

  close(): Promise<void> {
    this.#closing ??= this.#done.then(async () => {
      await this.#detector.close();
      await this.#classifier.close();
    });
    return this.#closing;
  }

  get #recognises(): boolean {
    return this.#people !== undefined && this.#people.size > 0;
  }

  #createMemory(): Memory {
    const { stills, recogniseEvery, tracking, confirmation } = this.settings;
    const people = this.#people;
    return {
      framesSince: Infinity,
      soughtMs: 0,
      timeMs: -Infinity,
      tracker: new Tracker(tracking, this.#nextTrack),
      windows: new ConfirmationWindows(this.labels, confirmation),
      identities:
        people === undefined || stills ? undefined : new Identities(people, recogniseEvery),
    };
  }

  /** The first stage: where the faces are, which needs nothing that is read in them. */
  async #seek(frame: FrameInput, memory: Memory): Promise<Sought> {
    checkFrame(frame);
    const watch = new Stopwatch();
    const index = frame.index ?? this.#frames;
    const timeMs = frame.timeMs ?? performance.now() - this.#opened;
    this.#frames++;
    const rejected: RejectedBox[] = [];
    const found = await this.#find(frame, timeMs, memory, rejected);
    watch.lap("detect");
    const seen = this.#gate(frame, found, rejected);
    if (frame.depth !== undefined) watch.lap("depth");
    return { index, timeMs, seen, rejected, watch };
  }

  /** The second stage: whose the faces are, and what they show. */
  async #read(frame: FrameInput, sought: Sought, memory: Memory): Promise<FrameResult> {
    const { index, timeMs, seen, rejected, watch } = sought;
    const { mirror, rejected: listRejected, windows: listWindows } = this.settings;
    watch.resume();
    const people = await this.#recognise(frame, seen, memory);
    if (this.#recognises) watch.lap("recognise");
    const boxes = seen.map(({ box }) => box);
    const read = await readExpressions(this.#classifier, frame, boxes, mirror);
    watch.lap("classify");

    const windows: Record<string, readonly number[]> = {};
    const faces = seen.map(({ track, box, score, distanceMm, relief }, i): FaceResult => {
      const probabilities = read[i] as Float32Array;
      const person = people[i] ?? null;
      const name = person?.name ?? null;
      const window =
        track === null
          ? undefined
          : memory.windows.add({ track, person: name }, probabilities, timeMs);
      if (window !== undefined) windows[String(track)] = window.counts;
      return {
        track,
        box: shown(box, frame),
        score: roundTo(score, 4),
        distanceMm,
        relief,
        person,
        probabilities: Array.from(probabilities),
        expression: this.labels[argmax(probabilities)] as string,
        confirmed: window?.confirmed?.expression ?? null,
        quorumReached: window?.confirmed?.quorumReached ?? null,
      };
    });
    return {
      type: "frame",
      source: frame.path ?? this.#source,
      frame: index,
      timeMs,
      width: frame.width,
      height: frame.height,
      timings: watch.withTotal(),
      faces,
      ...(listRejected ? { rejected } : {}),
      ...(listWindows ? { windows } : {}),
    };
  }

  /** Detections, or the tracks that they belong to. */
  async #find(frame: FrameInput, timeMs: number, memory: Memory, rejected: RejectedBox[]) {
    const { stills, detectEvery } = this.settings;
    const { width, height } = frame;
    const due =
      stills ||
      timeMs < memory.timeMs ||
      ++memory.framesSince >= detectEvery ||
      timeMs - memory.soughtMs >= detectEvery * FRAME_MS;
    memory.timeMs = timeMs;
    if (due) [memory.framesSince, memory.soughtMs] = [0, timeMs];
    const detections = due
      ? await this.#detector.detect(frame, ({ box, reason }) => {
          rejected.push({ box: shown(box, frame), reason });
        })
      : null;
    if (stills) {
      return (detections ?? []).map((one) => ({ ...one, track: null, fresh: true }));
    }
    return memory.tracker
      .update(timeMs, detections)
      .filter(({ box }) => isInside(box, width, height))
      .map(({ id, box, score, missedMs }) => ({
        track: id,
        box,
        score,
        fresh: due && missedMs === 0,
      }));
  }

  /** Adds what depth says, and leaves out pictures of faces. */
  #gate(
    frame: FrameInput,
    found: readonly Omit<Seen, "distanceMm" | "relief">[],
    rejected: RejectedBox[],
  ): Seen[] {
    const { depth } = frame;
    if (depth === undefined) {
      return found.map((one) => ({ ...one, distanceMm: null, relief: "unknown" }));
    }
    const { flat } = this.settings;
    return found.flatMap((one): Seen[] => {
      const judged = judgeRelief(depth, one.box, frame);
      const { distanceMm } = judged;
      if (flat === "off") return [{ ...one, distanceMm, relief: "unknown" }];
      if (judged.relief === "flat" && flat === "reject") {
        rejected.push({ box: shown(one.box, frame), reason: judged.reason });
        return [];
      }
      return [{ ...one, distanceMm, relief: judged.relief }];
    });
  }

  async #recognise(
    frame: FrameInput,
    seen: readonly Seen[],
    { identities }: Memory,
  ): Promise<(Match | null)[]> {
    const people = this.#people;
    if (people === undefined || seen.length === 0) return seen.map(() => null);
    if (identities !== undefined) {
      const faces = seen.map(({ track, box, fresh }) => ({ track: track as number, box, fresh }));
      return identities.update(frame, faces);
    }
    const boxes = seen.map(({ box }) => box);
    const features = await people.recogniser.describe(frame, boxes);
    return features.map((feature) => people.identify(feature));
  }
}

/** What frames leave behind for those after them. */
interface Memory {
  /** Since faces were last looked for: how many, and when that was. */
  framesSince: number;
  soughtMs: number;
  /** Of the frame before. */
  timeMs: number;
  readonly tracker: Tracker;
  readonly windows: ConfirmationWindows;
  /** Undefined for stills, and while nobody is to be recognised. */
  readonly identities: Identities | undefined;
}

function sessionChoices(options: PipelineOptions): SessionChoices {
  const { threads, background, wasmPath, wasmModulePath } = resolveSession(options);
  return {
    threads,
    background,
    ...(wasmPath === undefined ? {} : { wasmPath }),
    ...(wasmModulePath === undefined ? {} : { wasmModulePath }),
  };
}

/** The settings of checked options, with the defaults for those that are not given. */
function resolveSettings(
  options: PipelineOptions,
  labels: readonly string[],
  detector: FaceDetector,
): PipelineSettings {
  const {
    stills = pipelineSettings.stills.default,
    detectEvery = pipelineSettings.detectEvery.default,
    recogniseEvery = pipelineSettings.recogniseEvery.default,
    mirror = pipelineSettings.mirror.default,
    flat = pipelineSettings.flat.default,
    rejected = pipelineSettings.rejected.default,
    windows = pipelineSettings.windows.default,
    tracking = {},
    confirmation = {},
  } = options;
  const { threads, background } = resolveSession(options);
  return {
    threads,
    background,
    stills,
    detectEvery,
    recogniseEvery,
    mirror,
    flat,
    rejected,
    windows,
    detection: detector.settings,
    tracking: resolveTracking(tracking),
    confirmation: resolveConfirmation(confirmation, labels),
  };
}

/** A box as results show it: inside the picture, to a tenth of a pixel. */
function shown(box: Box, { width, height }: Picture): Box {
  const [x, y, w, h] = clip(box, width, height).map((value) => roundTo(value, 1));
  return [x, y, w, h] as unknown as Box;
}

function roundTo(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
