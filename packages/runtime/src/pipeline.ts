import {
  MienError,
  type FaceResult,
  type Frame,
  type FrameResult,
  type RejectedBox,
} from "@mien/format";
import { clip, isInside, type Box } from "./image/box.ts";
import { checkOptions } from "./check-options.ts";
import { argmax } from "./expression/confirmation.ts";
import { Confirmations } from "./expression/confirmation-windows.ts";
import { judgeRelief } from "./depth/depth-gate.ts";
import { ExpressionClassifier } from "./expression/expression-classifier.ts";
import { FaceDetector } from "./detect/face-detector.ts";
import { Identities } from "./people/identities.ts";
import type { Match } from "./people/people.ts";
import { checkFrame } from "./image/picture.ts";
import { DETECT_EVERY, type PipelineOptions } from "./pipeline-options.ts";
import { readExpressions } from "./expression/read-expressions.ts";
import type { Picture } from "./image/shrink.ts";
import { Stopwatch } from "./stopwatch.ts";
import { Tracker } from "./track/tracker.ts";

/** A frame; what a plain picture does not say is counted and timed by the pipeline. */
export type FrameInput = Picture & Partial<Omit<Frame, keyof Picture>>;

/** How one frame is worked on. */
export interface ProcessOptions {
  /** Cancels the frame while it waits for its turn. */
  readonly signal?: AbortSignal;
}

/** Turns frames into what is seen in them. */
export interface Pipeline {
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
  /** Forgets every track and window, as between two films; the frames given so far keep theirs. */
  reset(): void;
  /** Frees the models once the calls made so far have ended. */
  close(): Promise<void>;
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
  const { threads, background, wasmPath, wasmModulePath } = options;
  const session = {
    ...(threads === undefined ? {} : { threads }),
    ...(background === undefined ? {} : { background }),
    ...(wasmPath === undefined ? {} : { wasmPath }),
    ...(wasmModulePath === undefined ? {} : { wasmModulePath }),
  };
  const classifier = await ExpressionClassifier.open(options.expression, session);
  try {
    // Checked before the second model is opened.
    new Confirmations(classifier.labels, options.confirmation);
    new Tracker(options.tracking);
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
  readonly #options: PipelineOptions;
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
    this.#options = options;
    this.#memory = createMemory(classifier.labels, options);
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
    this.#memory = createMemory(this.labels, this.#options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#done.then(async () => {
      await this.#detector.close();
      await this.#classifier.close();
    });
    return this.#closing;
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
    const options = this.#options;
    watch.resume();
    const people = await this.#recognise(frame, seen, memory);
    if (options.people !== undefined) watch.lap("recognise");
    const boxes = seen.map(({ box }) => box);
    const read = await readExpressions(this.#classifier, frame, boxes, options.mirror ?? false);
    watch.lap("classify");

    const faces = seen.map(({ track, box, score, distanceMm, relief }, i): FaceResult => {
      const probabilities = read[i] as Float32Array;
      const person = people[i] ?? null;
      const name = person?.name ?? null;
      const confirmed =
        track === null
          ? null
          : memory.confirmations.add({ track, person: name }, probabilities, timeMs);
      return {
        track,
        box: shown(box, frame),
        score: roundTo(score, 4),
        distanceMm,
        relief,
        person,
        probabilities: Array.from(probabilities),
        expression: this.labels[argmax(probabilities)] as string,
        confirmed: confirmed?.expression ?? null,
        quorumReached: confirmed?.quorumReached ?? null,
      };
    });
    return {
      type: "frame",
      source: frame.path ?? options.source ?? "",
      frame: index,
      timeMs,
      width: frame.width,
      height: frame.height,
      timings: watch.withTotal(),
      faces,
      ...(options.rejected ? { rejected } : {}),
    };
  }

  /** Detections, or the tracks that they belong to. */
  async #find(frame: FrameInput, timeMs: number, memory: Memory, rejected: RejectedBox[]) {
    const { stills = false, detectEvery = DETECT_EVERY } = this.#options;
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
    const { flat = "reject" } = this.#options;
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
    const { people } = this.#options;
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
  readonly confirmations: Confirmations;
  /** Undefined for stills, and while nobody is to be recognised. */
  readonly identities: Identities | undefined;
}

function createMemory(labels: readonly string[], options: PipelineOptions): Memory {
  const { people, stills = false, recogniseEvery = 15 } = options;
  return {
    framesSince: Infinity,
    soughtMs: 0,
    timeMs: -Infinity,
    tracker: new Tracker(options.tracking),
    confirmations: new Confirmations(labels, options.confirmation),
    identities: people === undefined || stills ? undefined : new Identities(people, recogniseEvery),
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
