import path from "node:path";
import {
  type CommandContext,
  counted,
  defineCommand,
  type OptionValues,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import type { Source } from "@mien/camera";
import { MienError, printable, withoutSecrets } from "@mien/format";
import type { AnalysedSource } from "../analyze/analyze-source.ts";
import type { AnalysisChoice } from "../analyze/open-analysis.ts";
import { settingsOf } from "../pipeline-flags.ts";
import { analyzeOptions } from "./analyze-options.ts";

type GivenValues = OptionValues<typeof analyzeOptions>;
type Context = Pick<CommandContext, "terminal" | "signal">;

export const analyze = defineCommand({
  name: "analyze",
  summary: "Find faces and read their expressions in a video, images or a camera",
  details:
    "Writes DIR/results.jsonl: a line with the labels and the model, then one line for each frame or image. A camera is read until Ctrl-C or for --frames.\n" +
    "Images of a folder that cannot be read are named and skipped; the command fails only if none can be read.\n" +
    "A folder of films: each is analysed into DIR/NAME/. Until the end, results are in DIR/results.incomplete.jsonl; " +
    "after Ctrl-C or a kill, the same command analyses the rest.",
  examples: [
    "npx nx run app:analyze --source film.mp4 --annotate --csv",
    "npx nx run app:analyze --source photos/ --out artifacts/photos",
    "npx nx run app:analyze --source films/ --fresh",
    "npx nx run app:analyze --source webcam --people artifacts/people --frames 300",
    "npx nx run app:analyze --source faces/ --cropped",
  ],
  options: analyzeOptions,
  async run(values, context) {
    const { findFilms } = await import("@mien/camera");
    const films = await findFilms(values.source);
    return films === undefined ? analyzeOne(values, context) : analyzeFilms(films, values, context);
  },
});

async function analyzeOne(values: GivenValues, { terminal, signal }: Context) {
  const { analyzeSource } = await import("../analyze/analyze-source.ts");
  const analysed = await analyzeSource({ ...whatToWrite(values), terminal, signal });
  if (analysed === undefined) return undefined;
  const typed = typedAgain(values.source, analysed.source);
  suggestNext(terminal, { ...values, source: typed }, analysed.source);
  return withoutDeleted(summaryOf(analysed, typed), values.people);
}

/** Analyses the films of a folder one by one, each into a folder with the film's name. */
async function analyzeFilms(
  films: readonly string[],
  values: GivenValues,
  { terminal, signal }: Context,
) {
  const { analyzeSource } = await import("../analyze/analyze-source.ts");
  const done: ReturnType<typeof summaryOf>[] = [];
  const unchanged: string[] = [];
  const failed: { file: string; reason: string }[] = [];
  for (const [i, film] of films.entries()) {
    const one = { ...values, source: film, out: path.join(values.out, path.basename(film)) };
    terminal.say(`\nfilm ${i + 1} of ${films.length}: ${printable(film)}`);
    try {
      const label = `film ${i + 1}/${films.length}`;
      const given = { ...whatToWrite(one), label, once: true };
      const analysed = await analyzeSource({ ...given, terminal, signal });
      if (analysed === undefined) {
        terminal.say(`was analysed before: ${path.join(one.out, "results.jsonl")}`);
        unchanged.push(film);
      } else done.push(summaryOf(analysed, typedAgain(film, analysed.source)));
    } catch (error) {
      if (!(error instanceof MienError) || error.code !== "bad-data") throw error;
      terminal.warn(printable(error.message));
      failed.push({ file: film, reason: error.message });
    }
  }
  if (failed.length === films.length) {
    throw new MienError("bad-data", `none of the films in ${values.source} can be read`);
  }
  if (failed.length > 0) {
    terminal.warn(`left out ${failed.length} of ${counted(films.length, "film")}`);
  }
  const [readable = values.source] = films.filter(
    (film) => !failed.some(({ file }) => file === film),
  );
  terminal.next(
    `npx nx run app:analyze --source ${shellQuote(readable)} --annotate`,
    "also writes an annotated film",
  );
  const summaries = await Promise.all(done.map((one) => withoutDeleted(one, values.people)));
  return { source: withoutSecrets(values.source), films: summaries, unchanged, failed };
}

function whatToWrite(values: GivenValues) {
  const { source, out: folder, csv, annotate, frames: maxFrames, fresh } = values;
  const choice = (opened: Source) => choiceOf(values, opened);
  return { source, folder, csv, annotate, maxFrames, fresh, choice, once: false, label: "analyze" };
}

/** What `--json` gets. */
function summaryOf(analysed: AnalysedSource, source: string) {
  const { model, labels, unit, analysis, failed, seconds } = analysed;
  return {
    source,
    model,
    labels,
    [`${unit}s`]: analysis.frames,
    ...analysis,
    failed,
    seconds,
  };
}

/** A summary without the people who were deleted after the source was analysed. */
async function withoutDeleted<
  Summary extends { readonly people: Readonly<Record<string, number>> },
>(summary: Summary, folder: string | undefined): Promise<Summary> {
  const { hasPersonFile } = await import("@mien/runtime");
  const left: [string, number][] = [];
  for (const [name, count] of Object.entries(summary.people)) {
    if (folder !== undefined && (await hasPersonFile(folder, name))) left.push([name, count]);
  }
  return { ...summary, people: Object.fromEntries(left) };
}

/** The choices of the flags; only settings that were given are passed on. */
function choiceOf(values: GivenValues, source: Source): AnalysisChoice {
  const { model, detector, cropped, people: folder, recogniser, threads, rejected } = values;
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
      ...settingsOf(values),
      rejected,
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
function suggestNext(terminal: Terminal, values: GivenValues, source: Source): void {
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
