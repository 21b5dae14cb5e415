import path from "node:path";
import {
  MienError,
  streamLine,
  type Frame,
  type FrameResult,
  type StreamHeader,
} from "@mien/format";
import type { Source } from "@mien/camera";
import type { FrameProcessor } from "@mien/runtime";
import { csvHeader, csvLines } from "../results/faces-csv.ts";
import { LineFile } from "../results/line-file.ts";
import { openAnnotations, type Annotations } from "./annotations.ts";
import { Counter, type Tally } from "./expression-tally.ts";

/** What an analysis writes, and how long it runs. */
export interface AnalysisOptions {
  /** Labels and model, for the first line of the results. */
  readonly header: StreamHeader;
  /** The folder of every output; `results.jsonl` is always written. */
  readonly folder: string;
  /** Whether `faces.csv` is written. */
  readonly csv: boolean;
  /** Whether annotated pictures are written: `annotated.mp4`, or for images `annotated/NAME.jpg`. */
  readonly annotate: boolean;
  /** Number of frames after which the analysis ends. Default: all. */
  readonly maxFrames?: number | undefined;
  /** Ends the analysis of a live source; interrupts the analysis of a recording. */
  readonly signal: AbortSignal;
  /** Called after each frame, with the number of frames so far. */
  readonly onFrame?: (result: FrameResult, frames: number) => void;
}

/** The summary of an analysis, and the paths of its outputs. */
export interface Analysis extends Tally {
  readonly results: string;
  readonly csv?: string;
  readonly annotated?: string;
}

/** The tables of results while they are written. */
interface ResultFiles {
  readonly results: LineFile;
  readonly csv: LineFile | undefined;
}

/**
 * Processes every frame of a source and writes the results. Files appear only when they are
 * complete. Closes the source.
 *
 * @throws {MienError} `interrupted` if a recording is interrupted, `bad-data` if the source has no
 * frame; errors of the source, the pipeline and writing.
 */
export async function analyzeFrames(
  source: Source,
  pipeline: FrameProcessor,
  options: AnalysisOptions,
): Promise<Analysis> {
  const { header, folder, csv: writesCsv, annotate, signal } = options;
  const counter = new Counter(pipeline.labels, source.kind === "images");
  let files: ResultFiles | undefined;
  let annotations: Annotations | undefined;
  let frames = 0;
  try {
    for await (const { frame, result } of processFrames(source, pipeline, options)) {
      counter.add(result);
      // Opened at the first frame, so that a source that cannot be read leaves no folder behind.
      files ??= await openFiles(source, { header, folder, csv: writesCsv });
      await files.results.add(JSON.stringify(result));
      const { csv } = files;
      if (csv !== undefined) for (const line of csvLines(result)) await csv.add(line);
      if (annotate) {
        const { labels } = pipeline;
        annotations ??= await openAnnotations(source, { first: frame, folder, labels });
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

/** Yields frames with their results, in order; the next frame is processed in the meantime. */
async function* processFrames(
  source: Source,
  pipeline: FrameProcessor,
  { signal, maxFrames = Infinity }: Pick<AnalysisOptions, "signal" | "maxFrames">,
): AsyncGenerator<{ readonly frame: Frame; readonly result: FrameResult }> {
  let before: { readonly frame: Frame; readonly result: Promise<FrameResult> } | undefined;
  let started = 0;
  for await (const frame of source.frames(signal)) {
    const result = pipeline.process(frame);
    // An error is thrown when the result is awaited; until then it must not count as unhandled.
    result.catch(() => undefined);
    if (before !== undefined) yield { frame: before.frame, result: await before.result };
    before = { frame, result };
    if (++started >= maxFrames) break;
  }
  if (before !== undefined) yield { frame: before.frame, result: await before.result };
}

async function openFiles(
  source: Source,
  { header, folder, csv }: Pick<AnalysisOptions, "header" | "folder" | "csv">,
): Promise<ResultFiles> {
  const { name, framesPerSecond: frameRate } = source;
  const results = await LineFile.create(path.join(folder, "results.jsonl"));
  await results.add(JSON.stringify(streamLine({ ...header, source: name, frameRate })));
  if (!csv) return { results, csv: undefined };
  const table = await LineFile.create(path.join(folder, "faces.csv"));
  await table.add(csvHeader(header.labels));
  return { results, csv: table };
}
