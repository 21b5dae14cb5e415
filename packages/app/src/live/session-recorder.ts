import { mkdir, open, writeFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, streamLine, type StreamHeader, type StreamLine } from "@mien/format";
import type { LiveResult } from "@mien/web";
import { csvHeader, csvLines } from "../results/faces-csv.ts";
import { SessionTimeline, sessionReport } from "./session-report.ts";

/** Number of lines that are collected before they are written. */
const BATCH = 60;

/** The open files of a session. */
interface SessionFiles {
  readonly folder: string;
  readonly jsonl: FileHandle;
  readonly csv: FileHandle;
}

/**
 * Records results, without any picture: `results.jsonl` and `faces.csv` as `app:analyze` writes them,
 * and at the end `report.html`.
 */
export class SessionRecorder {
  readonly folder: string;
  readonly #header: StreamHeader;
  readonly #files: SessionFiles;
  readonly #timeline: SessionTimeline;
  #lines: string[] = [];
  #rows: string[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(files: SessionFiles, header: StreamHeader) {
    this.folder = files.folder;
    this.#header = header;
    this.#files = files;
    this.#timeline = new SessionTimeline(header.labels);
  }

  /**
   * Starts a session.
   *
   * @param parent the folder in which the folder of the session is made; the time is its name.
   * @param stream the first line of the results.
   */
  static async start(
    parent: string,
    stream: Omit<StreamLine, "type" | "box">,
  ): Promise<SessionRecorder> {
    const time = new Date().toISOString().slice(0, 23).replaceAll(/[:.]/g, "").replace("T", "-");
    const folder = path.join(parent, time);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const jsonl = await open(path.join(folder, "results.jsonl"), "w", 0o600);
    const csv = await open(path.join(folder, "faces.csv"), "w", 0o600);
    await jsonl.write(`${JSON.stringify(streamLine(stream))}\n`);
    await csv.write(`${csvHeader(stream.labels)}\n`);
    return new SessionRecorder({ folder, jsonl, csv }, stream);
  }

  /** Records a result, without what only the live page needs. */
  add(live: LiveResult): void {
    const { capturedAt, depth, windows, ...result } = live;
    this.#lines.push(`${JSON.stringify(result)}\n`);
    this.#rows.push(...csvLines(result).map((line) => `${line}\n`));
    this.#timeline.add(result);
    if (this.#lines.length >= BATCH) this.#flush();
  }

  /**
   * Ends the session: writes the rest and the report.
   *
   * @throws {MienError} `environment` if anything of the session could not be written.
   */
  async stop(): Promise<void> {
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
    const report = sessionReport(this.#timeline, this.#header);
    await writeFile(path.join(this.folder, "report.html"), report, { mode: 0o600 });
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
