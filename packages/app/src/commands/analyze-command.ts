import path from "node:path";
import { counted, defineCommand, type OptionValues, shellQuote, type Terminal } from "@mien/cli";
import type { Source } from "@mien/camera";
import { withoutSecrets } from "@mien/format";
import type { AnalysisChoice, OpenedAnalysis } from "../analyze/open-analysis.ts";
import { given } from "../setting-flags.ts";
import { analyzeOptions } from "./analyze-options.ts";

type Values = OptionValues<typeof analyzeOptions>;

export const analyze = defineCommand({
  name: "analyze",
  summary: "Find faces and read their expressions in a video, images or a camera",
  details:
    "Writes DIR/results.jsonl: a line with the labels and the model, then one line for each frame or image. A camera is read until Ctrl-C or for --frames.\n" +
    "Images of a folder that cannot be read are named and skipped; the command fails only if none can be read.",
  examples: [
    "npx nx run app:analyze --source film.mp4 --annotate --csv",
    "npx nx run app:analyze --source photos/ --out artifacts/photos",
    "npx nx run app:analyze --source webcam --people artifacts/people --frames 300",
    "npx nx run app:analyze --source faces/ --cropped",
  ],
  options: analyzeOptions,
  async run(values, { terminal, signal }) {
    const [
      { analyzeFrames },
      { openSource, SourceWarnings },
      { FaceRows, showTally },
      { openAnalysis },
    ] = await Promise.all([
      import("../analyze/analyze-frames.ts"),
      import("@mien/camera"),
      import("../analyze/analysis-report.ts"),
      import("../analyze/open-analysis.ts"),
    ]);
    const failed: { file: string; reason: string }[] = [];
    const warnings = new SourceWarnings((message) => terminal.warn(message));
    const source = await openSource(values.source, {
      signal,
      onNotice: (notice) => {
        const { message, path: file } = notice;
        if (file !== undefined) failed.push({ file, reason: message });
        warnings.add(notice);
      },
    });
    let opened: OpenedAnalysis | undefined;
    try {
      opened = await openAnalysis(choiceOf(values, source), terminal);
      const { pipeline, model } = opened;
      const unit = source.kind === "images" ? "image" : "frame";
      const rows = new FaceRows(pipeline.labels);
      const started = performance.now();
      const total = values.frames ?? source.length ?? 0;
      const progress = terminal.progress("analyze", total);
      if (source.kind === "live") terminal.say("reading until Ctrl-C");
      const analysis = await analyzeFrames(source, pipeline, {
        header: { labels: pipeline.labels, model },
        folder: values.out,
        csv: values.csv,
        annotate: values.annotate,
        maxFrames: values.frames,
        signal,
        onFrame: (result, frames) => {
          progress.update(frames);
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
      const typed = typedAgain(values.source, source);
      suggestNext(terminal, { ...values, source: typed }, source);
      return {
        source: typed,
        model,
        labels: pipeline.labels,
        [`${unit}s`]: analysis.frames,
        ...analysis,
        failed,
        seconds,
      };
    } finally {
      await source.close();
      await opened?.close();
    }
  },
});

/** The choices of the flags; only settings that were given are passed on. */
function choiceOf(values: Values, source: Source): AnalysisChoice {
  const { model, detector, cropped, people: folder, recogniser, threads } = values;
  const { minScore, minSize, inputSize, detectEvery, mirror, flat, rejected } = values;
  const { smoothing: method, window: size, quorum, unsure } = values;
  const fallback = unsure ? "unsure" : undefined;
  return {
    model,
    detector,
    cropped,
    threads,
    people:
      folder === undefined
        ? undefined
        : { folder, recogniser, threads, background: true, required: true },
    settings: {
      ...given({ detectEvery, flat, mirror, rejected }),
      detection: given({ minScore, minSize, inputSize }),
      confirmation: given({ method, size, quorum, fallback }),
      stills: source.kind === "images",
      source: source.name,
    },
  };
}

/** The source to suggest in a command: without secrets, and without bytes that Node replaced. */
function typedAgain(typed: string, source: Source): string {
  return withoutSecrets(typed.includes("\ufffd") ? source.name : typed);
}

/** Suggests annotated pictures of the same source, or the whole folder of an image. */
function suggestNext(terminal: Terminal, values: Values, source: Source): void {
  const again = (place: string, ...flags: string[]) => {
    if (values.cropped) flags.push("--cropped");
    if (values.model !== undefined) flags.push("--model", shellQuote(values.model));
    return ["npx nx run app:analyze --source", shellQuote(place), ...flags].join(" ");
  };
  const name = values.source ?? "";
  if (source.kind === "images" && source.length === 1 && path.extname(name) !== "") {
    terminal.next(again(path.dirname(name)), "reads every image in the folder");
  } else if (!values.annotate && name !== "-") {
    terminal.next(again(name, "--annotate"), "also writes annotated pictures");
  } else {
    terminal.next("npx nx run app:benchmark", "measures the speed");
  }
}
