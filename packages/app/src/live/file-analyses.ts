import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Transform, type Readable } from "node:stream";
import { pipeline as pipe } from "node:stream/promises";
import { openSource } from "@mien/camera";
import { isMarkOfRunning, processMark } from "@mien/cli";
import { MienError, messageOf, printable, streamLine, type FrameResult } from "@mien/format";
import { createPipeline, type Pipeline, type PipelineOptions } from "@mien/runtime";
import type { FileAnalysis, FileResult } from "@mien/web";
import { csvHeader, csvLines } from "../results/faces-csv.ts";
import { LineFile } from "../results/line-file.ts";
import { SESSION_FILES } from "./session-files.ts";
import { sessionReport } from "./session-report.ts";
import { SessionTimeline, STEP } from "./session-timeline.ts";

/** The largest file, in bytes. */
export const MAX_FILE = 4e9;
/** The largest number of files whose results are kept. */
const MAX_FILES = 50;
/** The beginning of the names of temporary folders; the mark of the process follows. */
const PREFIX = "mien-file-";
/** What can be analysed, by the end of its name. Other files, such as playlists, could name files. */
const ENDINGS =
  /\.(jpe?g|png|webp|gif|tiff?|bmp|heic|heif|avif|mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|ogv|wmv|flv|3gp|mjpe?g|y4m)$/i;

/** What analyses work with. */
export interface FileAnalysisOptions {
  /** The models and settings of the live page. */
  readonly pipeline: Omit<PipelineOptions, "people" | "source">;
  /** The path of the expression model, which is only written into results. */
  readonly model: string;
}

/** A file and the state of its analysis. */
interface Job {
  analysis: FileAnalysis;
  /** A temporary folder: the file until it is analysed, then the tables of results. */
  readonly folder: string;
  /** The path of the file. */
  readonly file: string;
  readonly stop: AbortController;
  report: string | undefined;
}

/**
 * Analyses images and films that pages send, one after the other. Nobody is recognised in them. A file is
 * deleted when it has been analysed, its results when the page removes it or the server ends.
 */
export class FileAnalyses {
  readonly #options: () => FileAnalysisOptions;
  readonly #jobs = new Map<string, Job>();
  /** The analysis of the file that was added last; never rejects. */
  #last: Promise<void> = sweep();

  /** @param options are asked for when the analysis of a file begins. */
  constructor(options: () => FileAnalysisOptions) {
    this.#options = options;
  }

  /**
   * Stores a file and plans its analysis.
   *
   * @param name of the file; its end tells images from films.
   * @throws {MienError} `usage` for a file that is neither image nor film, or is too large; `conflict`
   * if there are too many results already.
   */
  async add(name: string, content: Readable): Promise<FileAnalysis> {
    const shown = printable(path.basename(name.replaceAll("\\", "/")));
    const ending = ENDINGS.exec(shown)?.[0].toLowerCase();
    if (ending === undefined) {
      throw new MienError("usage", `${shown} is neither an image nor a film`);
    }
    if (this.#jobs.size >= MAX_FILES) {
      throw new MienError("conflict", `there are results of ${MAX_FILES} files already`, {
        advice: "Remove some of them.",
      });
    }
    const folder = await mkdtemp(path.join(tmpdir(), `${PREFIX}${processMark()}-`));
    const file = path.join(folder, `file${ending}`);
    try {
      await pipe(content, limited(), createWriteStream(file, { mode: 0o600 }));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    const id = randomBytes(8).toString("hex");
    const analysis: FileAnalysis = {
      id,
      name: shown,
      state: "waiting",
      frames: 0,
      total: null,
      secondsLeft: null,
      problem: null,
      result: null,
    };
    const job: Job = { analysis, folder, file, stop: new AbortController(), report: undefined };
    this.#jobs.set(id, job);
    this.#last = this.#last.then(() => this.#run(job));
    return analysis;
  }

  /** @throws {MienError} `missing-file` if there is no such analysis. */
  get(id: string): FileAnalysis {
    return this.#job(id).analysis;
  }

  /** The path of a table of results. @throws {MienError} `missing-file` before the analysis is done. */
  table(id: string, kind: "results" | "table"): string {
    const { folder, analysis } = this.#job(id);
    if (analysis.state === "done") return path.join(folder, SESSION_FILES[kind]);
    throw new MienError("missing-file", "the analysis is not done");
  }

  /** The report as an HTML page. @throws {MienError} `missing-file` before the analysis is done. */
  report(id: string): string {
    const { report } = this.#job(id);
    if (report !== undefined) return report;
    throw new MienError("missing-file", "the analysis is not done");
  }

  /** Ends an analysis and deletes everything of it. @throws {MienError} `missing-file` without one. */
  async remove(id: string): Promise<void> {
    const job = this.#job(id);
    job.stop.abort();
    this.#jobs.delete(id);
    await rm(job.folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const { stop } of jobs) stop.abort();
    await this.#last;
    for (const { folder } of jobs) await rm(folder, { recursive: true, force: true });
    this.#jobs.clear();
  }

  #job(id: string): Job {
    const job = this.#jobs.get(id);
    if (job !== undefined) return job;
    throw new MienError("missing-file", "this file is not known; it was removed");
  }

  async #run(job: Job): Promise<void> {
    const { signal } = job.stop;
    if (signal.aborted) return;
    const update = (change: Partial<FileAnalysis>) => {
      job.analysis = { ...job.analysis, ...change };
    };
    update({ state: "reading" });
    let outcome: Partial<FileAnalysis>;
    try {
      outcome = { state: "done", result: await this.#analyse(job, update) };
    } catch (error) {
      const advice = error instanceof MienError ? error.advice : undefined;
      const sentences = [messageOf(error).replaceAll(job.file, job.analysis.name), advice];
      outcome = { state: "failed", problem: sentences.filter(Boolean).join(". ") };
      if (!(error instanceof MienError) && !signal.aborted) console.error(error);
    }
    // Before the analysis is said to have ended: from then on, only its results are kept.
    await rm(signal.aborted ? job.folder : job.file, { recursive: true, force: true });
    update({ secondsLeft: null, ...outcome });
  }

  async #analyse(job: Job, update: (change: Partial<FileAnalysis>) => void): Promise<FileResult> {
    const { folder, file } = job;
    const { name } = job.analysis;
    const { signal } = job.stop;
    const source = await openSource(file, { signal });
    const tables: LineFile[] = [];
    let analyser: Pipeline | undefined;
    try {
      const stills = source.kind === "images";
      const { pipeline, model } = this.#options();
      analyser = await createPipeline({ ...pipeline, stills, rejected: true });
      const { labels } = analyser;
      const header = { labels, model };
      const results = await LineFile.create(path.join(folder, SESSION_FILES.results));
      tables.push(results);
      const faces = await LineFile.create(path.join(folder, SESSION_FILES.table));
      tables.push(faces);
      const { framesPerSecond: frameRate, length: total } = source;
      await results.add(JSON.stringify(streamLine({ ...header, source: name, frameRate })));
      await faces.add(csvHeader(labels));
      // Nobody is recognised, so that nobody is unknown either.
      const timeline = new SessionTimeline(labels, ({ track }) => `Face ${track ?? 1}`);
      const started = performance.now();
      let last: FrameResult | undefined;
      let frames = 0;
      for await (const frame of source.frames(signal)) {
        last = { ...(await analyser.process(frame)), source: name };
        timeline.add(last, last.timeMs);
        await results.add(JSON.stringify(last));
        for (const line of csvLines(last)) await faces.add(line);
        frames++;
        const each = (performance.now() - started) / frames / 1000;
        update({
          frames,
          total,
          secondsLeft: total === null ? null : Math.max(0, total - frames) * each,
        });
      }
      signal.throwIfAborted();
      if (last === undefined) throw new MienError("bad-data", `${name} has no frame to read`);
      for (const table of tables) await table.finish();
      const subject = { title: name, source: name, times: "media" } as const;
      job.report = sessionReport(timeline, header, subject);
      return stills ? imageResult(last, labels) : filmResult(timeline, labels);
    } finally {
      for (const table of tables) await table.discard();
      await source.close();
      await analyser?.close();
    }
  }
}

/** Passes on at most `MAX_FILE` bytes. */
function limited(): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= MAX_FILE) done(null, chunk);
      else done(new MienError("usage", `a file may have at most ${MAX_FILE / 1e9} GB`));
    },
  });
}

function imageResult(
  { width, height, faces, rejected = [] }: FrameResult,
  labels: readonly string[],
): FileResult {
  return { kind: "image", labels, width, height, faces, rejected };
}

function filmResult(timeline: SessionTimeline, labels: readonly string[]): FileResult {
  const faces = timeline.people.map((person) => {
    const steps = [...(timeline.rows.get(person.name)?.steps.keys() ?? [])];
    const from = (Math.min(...steps) * STEP) / 1000;
    const to = ((Math.max(...steps) + 1) * STEP) / 1000;
    return { ...person, from, to: Math.min(to, timeline.lastMs / 1000) };
  });
  return { kind: "film", labels, seconds: timeline.seconds, faces };
}

/** Deletes the temporary folders of processes that were killed. */
async function sweep(): Promise<void> {
  for (const entry of await readdir(tmpdir()).catch((): string[] => [])) {
    const mark = new RegExp(`^${PREFIX}(\\d+-[0-9a-f]{8})-`).exec(entry)?.[1];
    if (mark === undefined || isMarkOfRunning(mark)) continue;
    await rm(path.join(tmpdir(), entry), { recursive: true, force: true }).catch(() => undefined);
  }
}
