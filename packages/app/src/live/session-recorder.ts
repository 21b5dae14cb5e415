import { mkdir, open, writeFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { writeJson } from "@mien/cli";
import { MienError, messageOf, streamLine, type StreamLine } from "@mien/format";
import type { LiveResult } from "@mien/web";
import { csvRow } from "../results/csv-row.ts";
import { csvHeader, csvLines } from "../results/faces-csv.ts";
import { sessionReport } from "./session-report.ts";
import { SESSION_FILES, type SessionFacts } from "./session-files.ts";
import { SessionTimeline } from "./session-timeline.ts";

/** Number of lines that are collected before they are written. */
const BATCH = 60;

/** The stream that a session records: the first line of its results. */
export type RecordedStream = Omit<StreamLine, "type" | "box">;

/** The open files of a session. */
interface OpenFiles {
  readonly folder: string;
  readonly jsonl: FileHandle;
  readonly csv: FileHandle;
}

/**
 * Records results, without any picture: `results.jsonl` and `faces.csv` as `app:analyze` writes them,
 * but with the time of day (`time`, ISO 8601) in every line; at the end also `report.html` and
 * `session.json`, which contains no name.
 */
export class SessionRecorder {
  readonly folder: string;
  /** When it began, in milliseconds since 1970. */
  readonly since = Date.now();
  readonly #stream: RecordedStream;
  readonly #files: OpenFiles;
  readonly #timeline: SessionTimeline;
  #lines: string[] = [];
  #rows: string[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(files: OpenFiles, stream: RecordedStream) {
    this.folder = files.folder;
    this.#stream = stream;
    this.#files = files;
    this.#timeline = new SessionTimeline(stream.labels);
  }

  /**
   * Starts a session.
   *
   * @param parent the folder in which the folder of the session is made; the time is its name.
   * @param stream the first line of the results.
   */
  static async start(parent: string, stream: RecordedStream): Promise<SessionRecorder> {
    const time = new Date().toISOString().slice(0, 23).replaceAll(/[:.]/g, "").replace("T", "-");
    const folder = path.join(parent, time);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const jsonl = await open(path.join(folder, SESSION_FILES.results), "w", 0o600);
    const csv = await open(path.join(folder, SESSION_FILES.table), "w", 0o600);
    await jsonl.write(`${JSON.stringify(streamLine(stream))}\n`);
    await csv.write(`time,${csvHeader(stream.labels)}\n`);
    return new SessionRecorder({ folder, jsonl, csv }, stream);
  }

  /** What is known about the session so far, or in the end. */
  get facts(): SessionFacts {
    const { firstMs, lastMs, frames, rows } = this.#timeline;
    const { source, model } = this.#stream;
    const started = new Date(frames === 0 ? this.since : firstMs).toISOString();
    const ended = new Date(frames === 0 ? this.since : lastMs).toISOString();
    return { started, ended, frames, faces: rows.size, source, model };
  }

  /** Records a result, without what only the live page needs. */
  add(live: LiveResult): void {
    const { capturedAt, depth, windows, type, ...result } = live;
    const time = new Date(capturedAt).toISOString();
    this.#lines.push(`${JSON.stringify({ type, time, ...result })}\n`);
    this.#rows.push(...csvLines({ type, ...result }).map((line) => `${csvRow([time])},${line}\n`));
    this.#timeline.add(result, capturedAt);
    if (this.#lines.length >= BATCH) this.#flush();
  }

  /**
   * Ends the session: writes the rest and the report.
   *
   * @param forgotten names that the report must not contain.
   * @throws {MienError} `environment` if anything of the session could not be written.
   */
  async stop(forgotten: readonly string[] = []): Promise<void> {
    for (const name of forgotten) this.#timeline.rows.delete(name);
    this.#flush();
    try {
      await this.#writing;
    } catch (error) {
      throw new MienError("environment", `cannot write ${this.folder}: ${messageOf(error)}`, {
        cause: error,
      });
    } finally {
      await this.#files.jsonl.close();
      await this.#files.csv.close();
    }
    const { source } = this.#stream;
    const subject = { title: "Session", source, times: "clock" } as const;
    const report = sessionReport(this.#timeline, this.#stream, subject);
    await writeFile(path.join(this.folder, SESSION_FILES.report), report, { mode: 0o600 });
    await writeJson(path.join(this.folder, SESSION_FILES.facts), this.facts);
  }

  #flush(): void {
    const lines = this.#lines.join("");
    const rows = this.#rows.join("");
    this.#lines = [];
    this.#rows = [];
    this.#writing = this.#writing.then(async () => {
      await this.#files.jsonl.write(lines);
      await this.#files.csv.write(rows);
    });
    // An error is thrown at the end of the session; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}
