import path from "node:path";
import {
  defineCommand,
  findModel,
  FOLDERS,
  outOption,
  shellQuote,
  type OptionValues,
  type Terminal,
} from "@mien/cli";
import { MienError, withoutSecrets } from "@mien/format";
import type { ConfirmationOptions, People, Pipeline, PipelineOptions } from "@mien/runtime";
import { SOURCE_KINDS } from "../sources/open-source.ts";
import { SourceWarnings } from "../sources/source-warnings.ts";
import type { Source } from "../sources/source.ts";

const options = {
  source: { type: "string", placeholder: "S", description: SOURCE_KINDS },
  cropped: {
    type: "boolean",
    description: "every picture shows one face and nothing else; none is looked for",
  },
  model: {
    type: "string",
    placeholder: "FILE",
    description: "model (.onnx); default: the released one, else the newest in artifacts/models/",
  },
  detector: {
    type: "string",
    placeholder: "FILE",
    description: "face detector (.onnx): mien's own or a YuNet; default: the released one",
  },
  minScore: { type: "number", min: 0.01, max: 0.99, description: "least score of a face, 0–1" },
  minSize: { type: "number", min: 1, description: "least width of a face in pixels; default 16" },
  inputSize: {
    type: "integer",
    min: 64,
    max: 2048,
    description: "longer side that the detector sees, in pixels; more finds smaller faces",
  },
  detectEvery: {
    type: "integer",
    min: 1,
    max: 60,
    default: 3,
    description: "look for faces in every n-th frame, and after n/30 s; follow them in between",
  },
  flat: {
    type: "string",
    choices: ["reject", "tell", "off"],
    default: "reject",
    description: "with depth: reject pictures of faces, only tell, or do not look",
  },
  mirror: { type: "boolean", description: "average over the mirror image: slower, a bit better" },
  people: {
    type: "string",
    placeholder: "DIR",
    description: "recognise the people in this folder",
  },
  recogniser: {
    type: "string",
    choices: ["embedding", "lbph"],
    default: "embedding",
    description: "how people are recognised",
  },
  smoothing: {
    type: "string",
    choices: ["window", "exponential", "viterbi"],
    default: "window",
    description: "how single frames become a confirmed expression",
  },
  window: {
    type: "integer",
    min: 1,
    max: 1000,
    default: 20,
    description: "frames of the confirmation window",
  },
  quorum: {
    type: "number",
    min: 0.01,
    max: 0.99,
    default: 0.6,
    description: "share of the window that an expression must exceed to be confirmed",
  },
  unsure: { type: "boolean", description: 'confirm "unsure" instead of Neutral below the quorum' },
  rejected: { type: "boolean", description: "also write what was rejected, and why" },
  csv: { type: "boolean", description: "also write DIR/faces.csv, a line a face" },
  annotate: {
    type: "boolean",
    description: "also draw what is seen: DIR/annotated.mp4, or pictures in DIR/annotated/",
  },
  frames: { type: "integer", min: 1, description: "stop after so many frames" },
  threads: {
    type: "integer",
    min: 1,
    max: 64,
    default: 1,
    description: "threads of each model",
  },
  out: { ...outOption("folder for results.jsonl"), default: "artifacts/analyze" },
} as const;

type Values = OptionValues<typeof options>;

export const analyze = defineCommand({
  name: "analyze",
  summary: "finds faces and reads their expressions, without a window",
  details:
    "Reads a video, a camera or images and writes DIR/results.jsonl: a line with the labels and the " +
    "model, then one line a frame or image. A camera is read until Ctrl-C or --frames. Of a folder, " +
    "images that cannot be read are named and left out; the command fails only if none can be read.",
  examples: [
    "npx nx run app:analyze --source film.mp4 --annotate --csv",
    "npx nx run app:analyze --source photos/ --out artifacts/photos",
    "npx nx run app:analyze --source webcam --people artifacts/people --frames 300",
    "npx nx run app:analyze --source faces/ --cropped",
  ],
  options,
  async run(values, { terminal, signal }) {
    if (values.source === undefined) {
      throw new MienError("usage", "--source is missing", {
        advice: `Name one: ${SOURCE_KINDS}. For example --source face.jpg`,
      });
    }
    const [{ analyzeFrames }, { openSource }, { FaceRows, plural, showTally }] = await Promise.all([
      import("../analyze/analyze-frames.ts"),
      import("../sources/open-source.ts"),
      import("../analyze/report.ts"),
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
    let opened: Opened | undefined;
    try {
      opened = await open(values, source, terminal);
      const { pipeline, model } = opened;
      const unit = source.kind === "images" ? "image" : "frame";
      const rows = new FaceRows(pipeline.labels);
      const started = performance.now();
      const total = values.frames ?? source.length ?? 0;
      const progress = terminal.progress("analyze", total);
      if (source.kind === "live") terminal.say("reading until Ctrl-C");
      const analysis = await analyzeFrames(
        source,
        pipeline,
        {
          folder: values.out,
          csv: values.csv,
          annotate: values.annotate,
          maxFrames: values.frames,
        },
        {
          header: { labels: pipeline.labels, model },
          signal,
          onFrame: (result, frames) => {
            progress.update(frames);
            if (unit === "image") rows.add(result);
          },
        },
      ).finally(() => {
        progress.stop();
        warnings.finish();
      });
      const seconds = (performance.now() - started) / 1000;
      if (unit === "image") rows.show(terminal);
      if (analysis.frames > 1 || unit === "frame") showTally(terminal, analysis, unit, seconds);
      if (failed.length > 0) {
        terminal.warn(
          `left out ${failed.length} of ${plural(failed.length + analysis.frames, unit)}`,
        );
      }
      terminal.wrote(analysis.results, plural(analysis.frames, unit));
      if (analysis.csv !== undefined) terminal.wrote(analysis.csv, plural(analysis.faces, "face"));
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

interface Opened {
  readonly pipeline: Pipeline;
  /** The file of the expression model. */
  readonly model: string;
  close(): Promise<void>;
}

/** Opens what the flags ask for, and says what that is. */
async function open(values: Values, source: Source, terminal: Terminal): Promise<Opened> {
  const model = await findModel(values.model);
  const { threads } = values;
  const say = (labels: readonly string[], detector: string) =>
    terminal.say(
      `model ${model} (${reasonFor(model, values.model)}): ${labels.join(", ")}${detector}`,
    );
  if (values.cropped) {
    const { openCropped } = await import("../analyze/cropped.ts");
    const pipeline = await openCropped(model, { threads });
    say(pipeline.labels, "");
    return { pipeline, model, close: () => pipeline.close() };
  }
  const { findFaceModel } = await import("../analyze/models.ts");
  const { createPipeline } = await import("@mien/runtime");
  const detector = findFaceModel("detector", values.detector);
  const people = await openPeople(values, terminal);
  const { minScore, minSize, inputSize, detectEvery, mirror, rejected } = values;
  const { window: size, quorum, unsure } = values;
  // Flags with choices hold nothing else.
  const method = values.smoothing as NonNullable<ConfirmationOptions["method"]>;
  const flat = values.flat as NonNullable<PipelineOptions["flat"]>;
  try {
    const pipeline = await createPipeline({
      expression: model,
      detector,
      detection: {
        ...(minScore === undefined ? {} : { minScore }),
        ...(minSize === undefined ? {} : { minSize }),
        ...(inputSize === undefined ? {} : { inputSize }),
      },
      ...(people === undefined ? {} : { people }),
      stills: source.kind === "images",
      confirmation: { method, size, quorum, ...(unsure ? { fallback: "unsure" } : {}) },
      source: source.name,
      ...{ detectEvery, flat, mirror, rejected, threads, background: true },
    });
    say(pipeline.labels, `; faces by ${detector}`);
    const close = async () => {
      await pipeline.close();
      await people?.recogniser.close();
    };
    return { pipeline, model, close };
  } catch (error) {
    await people?.recogniser.close();
    throw error;
  }
}

async function openPeople(values: Values, terminal: Terminal): Promise<People | undefined> {
  const { people: folder, threads } = values;
  if (folder === undefined) return undefined;
  const recogniser = values.recogniser === "lbph" ? "lbph" : "embedding";
  const { openPeople } = await import("../analyze/people.ts");
  return openPeople({ folder, recogniser, threads }, terminal);
}

function reasonFor(file: string, asked: string | undefined): string {
  if (asked !== undefined) return "as --model says";
  return path.dirname(file) === path.normalize(FOLDERS.release)
    ? `the default of ${FOLDERS.release}/index.json`
    : `the newest in ${FOLDERS.models}/`;
}

/** The source as it may be typed again: without secrets, and without bytes that Node replaced. */
function typedAgain(typed: string, source: Source): string {
  return withoutSecrets(typed.includes("\ufffd") ? source.name : typed);
}

/** The same again, with pictures to look at; or the folder around an image. */
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
    terminal.next(again(name, "--annotate"), "also draws what is seen");
  } else {
    terminal.next("npx nx run app:benchmark", "shows how fast it is");
  }
}
