import path from "node:path";
import {
  defineCommand,
  findModel,
  FOLDERS,
  type OptionValues,
  outOption,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import { withoutSecrets } from "@mien/format";
import type { ConfirmationOptions, People, Pipeline, PipelineOptions } from "@mien/runtime";
import {
  detectEveryOption,
  detectorOption,
  modelOption,
  quorumOption,
  recogniserOption,
  sourceOption,
  threadsOption,
  windowOption,
} from "../shared-options.ts";
import { type Source, SourceWarnings } from "@mien/camera";

const options = {
  source: { ...sourceOption, required: true },
  cropped: {
    type: "boolean",
    description: "Each picture is one cropped face; skip face detection",
    group: "input",
  },
  frames: {
    type: "integer",
    unit: "frames",
    min: 1,
    description: "Number of frames to read",
    defaultText: "all",
    group: "input",
  },
  model: modelOption,
  mirror: {
    type: "boolean",
    description: "Average over the mirrored face: slower, slightly more accurate",
    group: "models",
  },
  threads: threadsOption,
  detector: detectorOption,
  minScore: {
    type: "number",
    unit: "score",
    min: 0.01,
    max: 0.99,
    description: "Lowest score of a detected face",
    defaultText: "0.5, with a YuNet 0.7",
    group: "detection",
  },
  minSize: {
    type: "number",
    unit: "pixels",
    min: 1,
    description: "Smallest width of a detected face",
    defaultText: "16",
    group: "detection",
  },
  inputSize: {
    type: "integer",
    unit: "pixels",
    min: 64,
    max: 2048,
    description: "Longer side of the detector's input; larger values find smaller faces",
    defaultText: "416, with a YuNet 640",
    group: "detection",
  },
  detectEvery: detectEveryOption,
  flat: {
    type: "string",
    choices: ["reject", "tell", "off"],
    default: "reject",
    description: "With depth images: reject pictures of faces, only mark them, or skip the check",
    group: "detection",
  },
  people: {
    type: "string",
    placeholder: "DIR",
    description: "Folder of the enrolled people to recognise",
    defaultText: "nobody is recognised",
    group: "people",
  },
  recogniser: recogniserOption,
  smoothing: {
    type: "string",
    choices: ["window", "exponential", "viterbi"],
    default: "window",
    description: "Method that confirms an expression from the predictions of single frames",
    group: "confirmation",
  },
  window: windowOption,
  quorum: quorumOption,
  unsure: {
    type: "boolean",
    description: 'Confirm "unsure" instead of Neutral below the quorum',
    group: "confirmation",
  },
  out: {
    ...outOption("Folder of results.jsonl and the other outputs"),
    default: "artifacts/analyze",
  },
  rejected: {
    type: "boolean",
    description: "Also write rejected faces and the reasons",
    group: "output",
  },
  csv: {
    type: "boolean",
    description: "Also write DIR/faces.csv, with one row per face",
    group: "output",
  },
  annotate: {
    type: "boolean",
    description: "Also write annotated pictures: DIR/annotated.mp4, or files in DIR/annotated/",
    group: "output",
  },
} as const;

type Values = OptionValues<typeof options>;

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
  options,
  async run(values, { terminal, signal }) {
    const [{ analyzeFrames }, { openSource }, { FaceRows, plural, showTally }] = await Promise.all([
      import("../analyze/analyze-frames.ts"),
      import("@mien/camera"),
      import("../analyze/analysis-report.ts"),
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
    const { openCropped } = await import("../analyze/cropped-faces.ts");
    const pipeline = await openCropped(model, { threads });
    say(pipeline.labels, "");
    return { pipeline, model, close: () => pipeline.close() };
  }
  const { findFaceModel } = await import("../face-models.ts");
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
  const { openPeople } = await import("../analyze/open-people.ts");
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
