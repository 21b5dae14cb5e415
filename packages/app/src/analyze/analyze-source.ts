import { counted, type Terminal } from "@mien/cli";
import { openSource, sourceState, SourceWarnings, type Source } from "@mien/camera";
import { analyzeFrames, type Analysis } from "./analyze-frames.ts";
import { FaceRows, showTally } from "./analysis-report.ts";
import { isFinished, recordFinished } from "./finished-analysis.ts";
import { openAnalysis, type AnalysisChoice, type OpenedAnalysis } from "./open-analysis.ts";
import { ResultFolder } from "./result-folder.ts";

/** One source to analyse, and what is written. */
export interface SourceAnalysisOptions {
  /** The source as the user names it. */
  readonly source: string;
  /** The folder of every output. */
  readonly folder: string;
  /** The models and settings for the opened source. */
  readonly choice: (source: Source) => AnalysisChoice;
  readonly csv: boolean;
  readonly annotate: boolean;
  readonly maxFrames: number | undefined;
  /** Whether the results of an interrupted analysis are deleted. */
  readonly fresh: boolean;
  /** Whether nothing is done if the folder holds the finished results of the same inputs. */
  readonly once: boolean;
  /** Name of the progress bar. */
  readonly label: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** An analysed source. */
export interface AnalysedSource {
  /** It is closed. */
  readonly source: Source;
  readonly model: string;
  readonly labels: readonly string[];
  readonly unit: "image" | "frame";
  readonly analysis: Analysis;
  /** Images of a folder that cannot be read. */
  readonly failed: readonly { readonly file: string; readonly reason: string }[];
  readonly seconds: number;
}

/**
 * Analyses one source and prints the results.
 *
 * @returns undefined if it was analysed before and `once` is set.
 * @throws {MienError} errors of opening the source and the models, and of `analyzeFrames`.
 */
export async function analyzeSource(
  options: SourceAnalysisOptions,
): Promise<AnalysedSource | undefined> {
  const { terminal, signal, csv, annotate, maxFrames, fresh } = options;
  const failed: { file: string; reason: string }[] = [];
  const warnings = new SourceWarnings((message) => terminal.warn(message));
  const keptImages = new Set<number>();
  const source = await openSource(options.source, {
    signal,
    skipImage: (index) => keptImages.has(index),
    onNotice: (notice) => {
      const { message, path: file } = notice;
      if (file !== undefined) failed.push({ file, reason: message });
      warnings.add(notice);
    },
  });
  let opened: OpenedAnalysis | undefined;
  let output: ResultFolder | undefined;
  try {
    const choice = options.choice(source);
    opened = await openAnalysis(choice, terminal);
    const { pipeline, model, inputs: models, store } = opened;
    const { labels } = pipeline;
    const isLive = source.kind === "live";
    const state = isLive ? undefined : await sourceState(options.source);
    const inputs = { source: source.name, state, models };
    const { folder, once } = options;
    const finished = { ...inputs, csv, annotate, maxFrames };
    if (once && !fresh && (await isFinished(folder, finished))) return undefined;
    await store?.rememberResults(folder);
    output = await ResultFolder.open(folder, {
      inputs,
      csv,
      maxFrames,
      fresh,
    });
    const unit = source.kind === "images" ? "image" : "frame";
    if (output.kept > 0) {
      terminal.say(`resuming: ${counted(output.kept, unit)} were analysed before`);
      if (unit === "image") {
        for await (const { result } of output.keptFrames()) keptImages.add(result.frame);
      }
    }
    const rows = new FaceRows(labels);
    const started = performance.now();
    const total = maxFrames ?? source.length ?? 0;
    let progress = terminal.progress(output.kept > 0 ? "resume" : options.label, total);
    if (isLive) terminal.say("reading until Ctrl-C");
    const { kept } = output;
    const analysis = await analyzeFrames(source, pipeline, {
      header: { labels, model },
      output,
      store,
      isStateless: unit === "image" || choice.cropped,
      annotate,
      maxFrames,
      signal,
      onFrame: (result, frames) => {
        progress.update(frames);
        if (frames === kept) {
          progress.stop();
          progress = terminal.progress(options.label, total, kept);
        }
        if (unit === "image") rows.add(result);
      },
    }).finally(() => {
      progress.stop();
      warnings.finish();
    });
    const seconds = (performance.now() - started) / 1000;
    if (unit === "image") rows.show(terminal);
    if (analysis.frames > 1 || unit === "frame") showTally(terminal, analysis, { unit, seconds });
    if (failed.length > 0) {
      terminal.warn(
        `left out ${failed.length} of ${counted(failed.length + analysis.frames, unit)}`,
      );
    }
    terminal.wrote(analysis.results, counted(analysis.frames, unit));
    if (analysis.csv !== undefined) terminal.wrote(analysis.csv, counted(analysis.faces, "face"));
    if (analysis.annotated !== undefined) terminal.wrote(analysis.annotated);
    else if (annotate) {
      terminal.warn("annotated.mp4 was deleted, because it showed a person who was deleted");
    }
    // Only now: until the summary is shown, nothing is awaited in which a person may be deleted.
    if (once) await recordFinished(folder, finished);
    return { source, model, labels, unit, analysis, failed, seconds };
  } finally {
    await source.close();
    await output?.close();
    await opened?.close();
  }
}
