import { MienError, type FrameResult } from "@mien/format";
import { checkFrame, type FrameInput } from "./image/picture.ts";
import { checkOptions } from "./check-options.ts";
import { countFrom1 } from "./track/tracker.ts";
import { ExpressionClassifier } from "./expression/expression-classifier.ts";
import { Drawing } from "./image/drawing.ts";
import { FaceDetector } from "./detect/face-detector.ts";
import { FaceLocator, type LocatedFaces } from "./stages/face-locator.ts";
import { FaceReader } from "./stages/face-reader.ts";
import { withDefaultModels } from "./default-models.ts";
import { runFrames, type FrameStream } from "./frame-stream.ts";
import type { People } from "./people/people.ts";
import type { PipelineOptions } from "./pipeline-options.ts";
import type { PictureSource } from "./image/picture-source.ts";
import type { PipelineResult } from "./pipeline-result.ts";
import type { PipelineSettings } from "./pipeline-settings.ts";
import type { ProcessOptions, RunOptions } from "./process-options.ts";
import { resolveSettings } from "./resolve-settings.ts";
import { Stopwatch } from "./stages/stopwatch.ts";
import { toFrame } from "./image/to-frame.ts";

/** Turns frames into results. */
export interface FrameProcessor {
  /** Class names in the order of `FaceResult.probabilities`. */
  readonly labels: readonly string[];
  /**
   * Processes one frame. Calls may overlap: frames are processed in the order of the calls, and the
   * results are the same as without overlap. While the faces of one frame are read, the faces of
   * the next frame are already located, so that two frames at a time keep the pipeline busy (and,
   * with `background`, two cores). Further frames only wait and occupy memory.
   *
   * @throws {MienError} `bad-image` for an invalid picture; the pipeline can still process other frames;
   * `interrupted` if the signal has fired before the frame's turn; `usage` after `close`.
   */
  process(frame: FrameInput, options?: ProcessOptions): Promise<FrameResult>;
  /**
   * Deletes every track and confirmation window. Call it between two videos. The results of frames that
   * were passed to `process` before do not change. No track id is used again.
   */
  reset(): void;
  /** Frees the models once the calls made so far have ended. */
  close(): Promise<void>;
}

/** Finds faces in frames, follows them, recognises people and reads expressions. */
export interface Pipeline extends FrameProcessor {
  /** Every setting with its value: the given value, or the default. */
  readonly settings: PipelineSettings;
  /**
   * Processes one picture of any form as the next frame; see `FrameProcessor.process` and
   * `PictureSource`. Canvases and videos are read at once, files in their own time; the frames keep
   * the order of the calls.
   *
   * @throws {MienError} as `FrameProcessor.process`; in addition `missing-file` for a file that cannot
   * be read, and `environment` for a file in Node without the package sharp.
   * @example
   * const { faces } = await pipeline.process("people.jpg");
   */
  process(picture: PictureSource, options?: ProcessOptions): Promise<PipelineResult>;
  /**
   * Processes the pictures of a stream, one after the other, and yields their results in order, each
   * as soon as it is there. The loop may be left at any time.
   *
   * @param options.signal ends the loop with an `interrupted` error.
   * @throws {MienError} `usage` if it is no stream of pictures; as `process`, for each picture. An
   * error of the stream itself is passed on.
   * @example
   * for await (const { faces } of pipeline.run(video)) console.log(faces);
   */
  run(stream: FrameStream, options?: RunOptions): AsyncGenerator<PipelineResult, void, undefined>;
}

/**
 * Opens the models and connects the stages: detect, track, check depth, recognise, read expressions,
 * confirm.
 *
 * Any number of pipelines can be open at a time.
 *
 * @throws {MienError} `missing-file` or `bad-model` naming the model that cannot be used;
 * `environment` if onnxruntime is not installed or cannot start; `usage` for an option that is
 * unknown or out of range.
 * @example
 * const pipeline = await createPipeline();
 * const { faces } = await pipeline.process({ width, height, pixels, index: 0, timeMs: 0 });
 * for (const { track, box, expression, confirmed } of faces) console.log(track, box, expression);
 * await pipeline.close();
 */
export async function createPipeline(options: PipelineOptions = {}): Promise<Pipeline> {
  checkOptions("createPipeline", options);
  const models = await withDefaultModels(options);
  const { threads, background, wasmPath, wasmModulePath, onDownload, modelCache, merge } = options;
  const session = { threads, background, wasmPath, wasmModulePath, onDownload, modelCache };
  const classifier = await ExpressionClassifier.open(models.expression, { ...session, merge });
  try {
    const detection = { ...options.detection, ...session };
    const detector = await FaceDetector.open(models.detector, detection);
    try {
      return new FramePipeline(classifier, detector, options);
    } catch (error) {
      await detector.close();
      throw error;
    }
  } catch (error) {
    await classifier.close();
    throw error;
  }
}

/** The state that is carried from frame to frame; `reset` replaces it. */
interface Stages {
  readonly locator: FaceLocator;
  readonly reader: FaceReader;
}

/** What both stages need besides the frame. */
interface FrameOptions extends Pick<ProcessOptions, "recorded" | "onDetections"> {
  readonly stages: Stages;
}

/** A frame after the first stage. */
interface LocatedFrame extends Omit<LocatedFaces, "detections"> {
  readonly frame: FrameInput;
  readonly index: number;
  readonly timeMs: number;
  readonly watch: Stopwatch;
}

class FramePipeline implements Pipeline {
  readonly settings: PipelineSettings;
  readonly #classifier: ExpressionClassifier;
  readonly #detector: FaceDetector;
  readonly #people: People | undefined;
  readonly #source: string;
  readonly #drawing = new Drawing();
  /** One count for the whole life of the pipeline, so that no track id is used again after `reset`. */
  readonly #nextTrack = countFrom1();
  readonly #opened = performance.now();
  #stages: Stages;
  #frames = 0;
  /** Settles when the first stage is free for the next frame; never rejects. */
  #locatorFree: Promise<unknown> = Promise.resolve();
  /** Settles when every frame given so far is done; never rejects. */
  #done: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(classifier: ExpressionClassifier, detector: FaceDetector, options: PipelineOptions) {
    this.#classifier = classifier;
    this.#detector = detector;
    this.#people = options.people;
    this.#source = options.source ?? "";
    this.settings = resolveSettings(options, {
      labels: classifier.labels,
      detection: detector.settings,
    });
    this.#stages = this.#createStages();
  }

  get labels(): readonly string[] {
    return this.#classifier.labels;
  }

  async process(picture: PictureSource, options: ProcessOptions = {}): Promise<PipelineResult> {
    checkOptions("process", options);
    const { signal, recorded, onDetections } = options;
    if (this.#closing !== undefined) throw new MienError("usage", "the pipeline is closed");
    const stages = this.#stages;
    const before = this.#done;
    const given = toFrame(picture, this.#drawing);
    // If it fails while the frame waits for its turn, the error is thrown when the turn comes.
    if (given instanceof Promise) given.catch(() => undefined);
    const located = this.#locatorFree.then(async () => {
      const frame = withOptions(await given, options);
      if (signal?.aborted) throw new MienError("interrupted", "the frame was not processed");
      return this.#locate(frame, { stages, recorded, onDetections });
    });
    const result = before.then(async () => this.#read(await located, { stages, recorded }));
    this.#locatorFree = Promise.allSettled([located, before]);
    this.#done = result.catch(() => undefined);
    return result;
  }

  run(stream: FrameStream, options: RunOptions = {}) {
    checkOptions("run", options);
    return runFrames((picture, given) => this.process(picture, given), stream, options.signal);
  }

  reset(): void {
    this.#stages = this.#createStages();
  }

  close(): Promise<void> {
    this.#closing ??= this.#done.then(async () => {
      await this.#detector.close();
      await this.#classifier.close();
    });
    return this.#closing;
  }

  #createStages(): Stages {
    const { settings } = this;
    return {
      locator: new FaceLocator(this.#detector, settings, this.#nextTrack),
      reader: new FaceReader({
        classifier: this.#classifier,
        people: this.#people,
        settings,
      }),
    };
  }

  /** The first stage: where the faces are. */
  async #locate(frame: FrameInput, given: FrameOptions): Promise<LocatedFrame> {
    const { stages, recorded, onDetections } = given;
    checkFrame(frame);
    const watch = new Stopwatch();
    const index = frame.index ?? this.#frames;
    const timeMs = frame.timeMs ?? performance.now() - this.#opened;
    this.#frames++;
    const { faces, rejected, detections } = await stages.locator.locate(frame, timeMs, {
      watch,
      recorded: recorded?.detections,
    });
    onDetections?.(detections);
    return { frame, index, timeMs, faces, rejected, watch };
  }

  /** The second stage: who the faces are, and their expressions. */
  async #read(located: LocatedFrame, { stages, recorded }: FrameOptions): Promise<PipelineResult> {
    const { frame, index, timeMs, rejected, watch } = located;
    watch.resume();
    const { faces, windows } = await stages.reader.read(
      { frame, timeMs, faces: located.faces, recorded: recorded?.probabilities },
      watch,
    );
    return {
      type: "frame",
      source: frame.path ?? this.#source,
      frame: index,
      timeMs,
      width: frame.width,
      height: frame.height,
      timings: watch.withTotal(),
      faces,
      ...(this.settings.rejected ? { rejected } : {}),
      ...(this.settings.windows ? { windows } : {}),
    };
  }
}

/** What the options of the call say about a frame counts more than what the picture contains. */
function withOptions(frame: FrameInput, { index, timeMs }: ProcessOptions): FrameInput {
  if (index === undefined && timeMs === undefined) return frame;
  return {
    ...frame,
    ...(index === undefined ? {} : { index }),
    ...(timeMs === undefined ? {} : { timeMs }),
  };
}
