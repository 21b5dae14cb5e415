import { isDeepStrictEqual } from "node:util";
import {
  MienError,
  type FaceResult,
  type Frame,
  type FrameResult,
  type StreamHeader,
} from "@mien/format";
import type { Source } from "@mien/camera";
import type { FrameDetections, FrameProcessor } from "@mien/runtime";
import { OneAtATime } from "../people/one-at-a-time.ts";
import type { PersonStore } from "../people/person-store.ts";
import { openAnnotations, type Annotations } from "./annotations.ts";
import { Counter, type Tally } from "./expression-tally.ts";
import type { KeptFrame } from "./kept-frames.ts";
import type { ResultFolder } from "./result-folder.ts";

/** What an analysis writes, and how long it runs. */
export interface AnalysisOptions {
  /** Labels and model, for the first line of the results. */
  readonly header: StreamHeader;
  /** The folder of every output; `results.jsonl` is always written. */
  readonly output: ResultFolder;
  /** Whether each frame is processed without regard to the frames before it. */
  readonly isStateless: boolean;
  /** Whether annotated pictures are written: `annotated.mp4`, or for images `annotated/NAME.jpg`. */
  readonly annotate: boolean;
  /** Number of frames after which the analysis ends. Default: all. */
  readonly maxFrames?: number | undefined;
  /** Ends the analysis of a live source; interrupts the analysis of a recording. */
  readonly signal: AbortSignal;
  /** The people who are recognised; those who are deleted meanwhile are erased in the outputs. */
  readonly store?: PersonStore | undefined;
  /** Called after each frame, with the number of frames so far. */
  readonly onFrame?: (result: FrameResult, frames: number) => void;
}

/** The summary of an analysis, and the paths of its outputs. */
export interface Analysis extends Tally {
  /** Number of frames that were kept from an interrupted analysis; 0 if there was none. */
  readonly resumedFrom: number;
  readonly results: string;
  readonly csv?: string;
  readonly annotated?: string;
}

/** A frame with its result; the frame is undefined for an image that is not read again. */
interface ProcessedFrame {
  readonly frame: Frame | undefined;
  readonly result: FrameResult;
  /** What the detector found; undefined for a frame that was kept from an interrupted analysis. */
  readonly detections: FrameDetections | null | undefined;
}

/**
 * Processes every frame of a source and writes the results. Goes on where an interrupted analysis
 * stopped. Closes the source.
 *
 * @throws {MienError} `interrupted` if a recording is interrupted, `bad-data` if the source has no
 * frame, `mismatch` if kept results are not those of the source; errors of the source, the pipeline
 * and writing. The results so far are kept, and the message says where.
 */
export async function analyzeFrames(
  source: Source,
  pipeline: FrameProcessor,
  options: AnalysisOptions,
): Promise<Analysis> {
  const { header, output, signal, store } = options;
  let { annotate } = options;
  const counter = new Counter(pipeline.labels, source.kind === "images");
  let annotations: Annotations | undefined;
  let frames = 0;
  let isComplete = false;
  let written: Awaited<ReturnType<ResultFolder["finish"]>>;
  /** People are erased while nothing is written. */
  const writing = new OneAtATime();
  const forget = async (names: readonly string[]) => {
    for (const name of names) {
      counter.forget(name);
      await output.forget(name);
    }
    if (annotations === undefined || (await annotations.forget(names))) return;
    annotations = undefined;
    annotate = false;
  };
  try {
    await store?.watch(({ gone }) => writing.run(() => forget(gone)));
    for await (const processed of processFrames(source, pipeline, options)) {
      const { frame, detections } = processed;
      await writing.run(async () => {
        const result = withoutDeleted(processed.result, store);
        counter.add(result);
        // Opened at the first frame, so that a source that cannot be read leaves no folder behind.
        if (frames === 0) await output.start(header, source.framesPerSecond);
        await output.add(result, detections);
        if (annotate && frame !== undefined) {
          const { labels } = pipeline;
          const { folder } = output;
          annotations ??= await openAnnotations(source, { first: frame, folder, labels });
          await annotations.add(frame, result);
        }
        options.onFrame?.(result, ++frames);
      });
    }
    if (signal.aborted && source.kind !== "live") throw await interruption(frames, source, output);
    if (frames === 0) {
      throw new MienError("bad-data", `${source.name} has no frame that can be read`);
    }
    written = await writing.run(async () => {
      const files = await output.finish();
      isComplete = true;
      await annotations?.finish();
      return files;
    });
  } finally {
    await source.close();
    if (!isComplete) await output.keep().catch(() => undefined);
    await annotations?.discard();
  }
  // Counted last, since people may be deleted until then.
  return {
    ...counter.tally(),
    resumedFrom: output.kept,
    ...written,
    ...(annotations === undefined ? {} : { annotated: annotations.place }),
  };
}

/** A result without the people who were deleted after it was computed. */
function withoutDeleted(result: FrameResult, store: PersonStore | undefined): FrameResult {
  const isEnrolled = ({ person }: FaceResult) =>
    person === null || store?.people.has(person.name) === true;
  if (result.faces.every(isEnrolled)) return result;
  const faces = result.faces.map((face) => (isEnrolled(face) ? face : { ...face, person: null }));
  return { ...result, faces };
}

async function interruption(
  frames: number,
  source: Source,
  output: ResultFolder,
): Promise<MienError> {
  const file = await output.keep();
  const unit = source.kind === "images" ? "images" : "frames";
  const of = source.length === null ? "" : ` of ${source.length}`;
  const read = `${frames}${of} ${unit} of ${source.name} were analysed`;
  if (file === undefined) return new MienError("interrupted", `${read}; nothing was written`);
  return new MienError("interrupted", `${read}; their results are in ${file}`, {
    advice: "Run the same command again to analyse the rest.",
  });
}

/** Yields frames with their results, in order; the next frame is processed in the meantime. */
async function* processFrames(
  source: Source,
  pipeline: FrameProcessor,
  options: Pick<AnalysisOptions, "output" | "isStateless" | "signal" | "maxFrames">,
): AsyncGenerator<ProcessedFrame> {
  const { output, isStateless, signal, maxFrames = Infinity } = options;
  const processOne = async (frame: Frame, one: KeptFrame | undefined): Promise<ProcessedFrame> => {
    if (one === undefined) return processNew(frame, pipeline);
    return isStateless ? checked(frame, one, one.result) : replay(frame, one, pipeline);
  };
  let started = 0;
  const kept = output.kept > 0 ? output.keptFrames() : undefined;
  try {
    if (source.kind === "images" && kept !== undefined) {
      for await (const { result } of kept) {
        if (signal.aborted) return;
        started++;
        yield { frame: undefined, result, detections: undefined };
      }
    }
    if (started >= maxFrames) return;
    let before: Promise<ProcessedFrame> | undefined;
    for await (const frame of source.frames(signal)) {
      const work = processOne(frame, started < output.kept ? await nextOf(kept) : undefined);
      // An error is thrown when the result is awaited; until then it must not count as unhandled.
      work.catch(() => undefined);
      if (before !== undefined) yield await before;
      before = work;
      if (++started >= maxFrames) break;
    }
    if (before !== undefined) yield await before;
  } finally {
    await kept?.return(undefined);
  }
}

async function nextOf(
  kept: AsyncGenerator<KeptFrame, void> | undefined,
): Promise<KeptFrame | undefined> {
  const next = await kept?.next();
  return next?.done === false ? next.value : undefined;
}

async function processNew(frame: Frame, pipeline: FrameProcessor): Promise<ProcessedFrame> {
  let detections: FrameDetections | null = null;
  const onDetections = (found: FrameDetections | null) => {
    detections = found;
  };
  const result = await pipeline.process(frame, { onDetections });
  return { frame, result, detections };
}

/** Brings the pipeline into the state after a frame that was kept. */
async function replay(
  frame: Frame,
  kept: KeptFrame,
  pipeline: FrameProcessor,
): Promise<ProcessedFrame> {
  const { detections, result } = kept;
  const probabilities = result.faces.map((face) => face.probabilities);
  return checked(
    frame,
    kept,
    await pipeline.process(frame, { recorded: { detections, probabilities } }),
  );
}

/** @throws {MienError} `mismatch` if a result is not the kept one; timings always differ. */
function checked(frame: Frame, { result: kept }: KeptFrame, found: FrameResult): ProcessedFrame {
  const comparable = (result: FrameResult): unknown =>
    JSON.parse(JSON.stringify({ ...result, timings: {} }));
  if (kept.frame !== frame.index || !isDeepStrictEqual(comparable(found), comparable(kept))) {
    throw new MienError(
      "mismatch",
      `the results that were kept do not fit frame ${frame.index} of the source`,
      { advice: "Add --fresh to read the source from its beginning." },
    );
  }
  return { frame, result: kept, detections: undefined };
}
