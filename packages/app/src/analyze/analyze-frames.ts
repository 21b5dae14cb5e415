import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import {
  MienError,
  shortened,
  streamLine,
  type Frame,
  type FrameResult,
  type StreamHeader,
} from "@mien/format";
import type { Pipeline } from "@mien/runtime";
import sharp from "sharp";
import type { Source } from "@mien/camera";
import { csvHeader, csvLines } from "./results-csv.ts";
import { FacePainter } from "./draw-faces.ts";
import { LineFile } from "./results-file.ts";
import { Counter, type Tally } from "./expression-tally.ts";
import { VideoFile } from "./video-file.ts";

/** What an analysis leaves on disk. */
export interface AnalysisOutputs {
  /** The folder for all of it. */
  readonly folder: string;
  /** Also `faces.csv`. */
  readonly csv: boolean;
  /** Also `annotated.mp4`, or for images `annotated/NAME.jpg`. */
  readonly annotate: boolean;
  /** Stops after so many frames. */
  readonly maxFrames?: number | undefined;
}

/** What came of an analysis. */
export interface Analysis extends Tally {
  /** Paths of what was written. */
  readonly results: string;
  readonly csv?: string;
  readonly annotated?: string;
}

/** Where annotated pictures go. */
interface Annotations {
  readonly place: string;
  add(frame: Frame, result: FrameResult): Promise<void>;
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/** Frames a second of an annotated video whose source does not know its own. */
const USUAL_RATE = 30;

/**
 * Takes every frame of a source through a pipeline and writes what is seen; whole or not at all.
 *
 * @param options.signal ends a live source as if it had ended by itself; a recording is given up.
 * @throws {MienError} `interrupted` for a recording; what the source, the pipeline or the disk throw.
 */
export async function analyzeFrames(
  source: Source,
  pipeline: Pipeline,
  outputs: AnalysisOutputs,
  options: {
    readonly header: StreamHeader;
    readonly signal: AbortSignal;
    readonly onFrame?: (result: FrameResult, frames: number) => void;
  },
): Promise<Analysis> {
  const { header, signal } = options;
  const { maxFrames } = outputs;
  const stills = source.kind === "images";
  const counter = new Counter(pipeline.labels, stills);
  let files: { readonly results: LineFile; readonly csv: LineFile | undefined } | undefined;
  let annotations: Annotations | undefined;
  let frames = 0;
  try {
    for await (const { frame, result } of workedOn(source, pipeline, { signal, maxFrames })) {
      counter.add(result);
      // Only now, so that a source that cannot be read leaves no folder behind.
      files ??= await openFiles(outputs, header, source);
      await files.results.add(JSON.stringify(result));
      const { csv } = files;
      if (csv !== undefined) for (const line of csvLines(result)) await csv.add(line);
      if (outputs.annotate) {
        annotations ??= await openAnnotations(source, frame, {
          folder: outputs.folder,
          labels: pipeline.labels,
        });
        await annotations.add(frame, result);
      }
      options.onFrame?.(result, ++frames);
    }
    if (signal.aborted && source.kind !== "live") {
      throw new MienError("interrupted", `${frames} frames were analysed; nothing was written`);
    }
    if (files === undefined) {
      throw new MienError("bad-data", `${source.name} has no frame that can be read`);
    }
    await files.results.finish();
    await files.csv?.finish();
    await annotations?.finish();
    return {
      ...counter.tally(),
      results: files.results.file,
      ...(files.csv === undefined ? {} : { csv: files.csv.file }),
      ...(annotations === undefined ? {} : { annotated: annotations.place }),
    };
  } finally {
    await source.close();
    await files?.results.discard();
    await files?.csv?.discard();
    await annotations?.discard();
  }
}

/** Frames with their results, in order; while one is handed on, the next one is worked on already. */
async function* workedOn(
  source: Source,
  pipeline: Pipeline,
  { signal, maxFrames = Infinity }: { signal: AbortSignal; maxFrames: number | undefined },
): AsyncGenerator<{ readonly frame: Frame; readonly result: FrameResult }> {
  let before: { readonly frame: Frame; readonly result: Promise<FrameResult> } | undefined;
  let given = 0;
  for await (const frame of source.frames(signal)) {
    const result = pipeline.process(frame);
    // Whatever is wrong is thrown when its turn comes.
    result.catch(() => undefined);
    if (before !== undefined) yield { frame: before.frame, result: await before.result };
    before = { frame, result };
    if (++given >= maxFrames) break;
  }
  if (before !== undefined) yield { frame: before.frame, result: await before.result };
}

async function openFiles({ folder, csv }: AnalysisOutputs, header: StreamHeader, source: Source) {
  const { name, framesPerSecond: frameRate } = source;
  const results = await LineFile.create(path.join(folder, "results.jsonl"));
  await results.add(JSON.stringify(streamLine({ ...header, source: name, frameRate })));
  if (!csv) return { results, csv: undefined };
  const table = await LineFile.create(path.join(folder, "faces.csv"));
  await table.add(csvHeader(header.labels));
  return { results, csv: table };
}

async function openAnnotations(
  source: Source,
  first: Frame,
  { folder, labels }: { readonly folder: string; readonly labels: readonly string[] },
): Promise<Annotations> {
  if (source.kind === "images") return annotateImages(path.join(folder, "annotated"), labels);
  const { width, height } = first;
  const painter = new FacePainter(width, height, labels);
  const framesPerSecond = source.framesPerSecond ?? USUAL_RATE;
  const file = path.join(folder, "annotated.mp4");
  const video = await VideoFile.create(file, { width, height, framesPerSecond });
  let finished = false;
  return {
    place: file,
    add: async (frame, result) => {
      if (frame.width !== width || frame.height !== height) {
        throw new MienError(
          "unsupported",
          `${source.name} changes its size from ${width}×${height} to ${frame.width}×${frame.height}`,
          { advice: "Leave out --annotate." },
        );
      }
      await video.add(painter.paint(frame, result));
    },
    finish: async () => {
      await video.finish();
      finished = true;
    },
    discard: async () => {
      if (!finished) await video.discard();
    },
  };
}

function annotateImages(folder: string, labels: readonly string[]): Annotations {
  const used = new Set<string>();
  return {
    place: folder,
    add: async (frame, result) => {
      await mkdir(folder, { recursive: true });
      const { width, height, path: file = `${frame.index}` } = frame;
      const data = new FacePainter(width, height, labels).paint(frame, result);
      const jpeg = await sharp(Buffer.from(data), { raw: { width, height, channels: 4 } })
        .removeAlpha()
        .jpeg({ quality: 90 })
        .toBuffer();
      const { name, base } = path.parse(file);
      // a.png and a.jpg must not share one name.
      let free = used.has(name) ? base : name;
      // With .jpg behind it, a name has at most 255 bytes; two that are cut alike are numbered.
      if (Buffer.byteLength(free) > 251 || used.has(free))
        free = `${shortened(free, 240)}-${frame.index}`;
      used.add(free);
      await writeFileAtomic(path.join(folder, `${free}.jpg`), jpeg);
    },
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}
