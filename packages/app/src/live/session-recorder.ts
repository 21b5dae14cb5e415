import { mkdir, open, writeFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import {
  MienError,
  messageOf,
  streamLine,
  type FrameResult,
  type StreamHeader,
  type StreamLine,
} from "@mien/format";
import type { LiveResult } from "@mien/web";
import { csvHeader, csvLines } from "../analyze/results-csv.ts";
import { SessionTimeline, sessionReport } from "./session-report.ts";

/** Lines are written together, when so many wait. */
const BATCH = 60;

/**
 * Writes what is seen, without any picture: `results.jsonl` and `faces.csv` as `app:analyze` does,
 * and at the end `report.html`.
 */
export class SessionRecorder {
  readonly folder: string;
  readonly #header: StreamHeader;
  readonly #jsonl: FileHandle;
  readonly #csv: FileHandle;
  readonly #timeline: SessionTimeline;
  #lines: string[] = [];
  #rows: string[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string, header: StreamHeader, jsonl: FileHandle, csv: FileHandle) {
    this.folder = folder;
    this.#header = header;
    this.#jsonl = jsonl;
    this.#csv = csv;
    this.#timeline = new SessionTimeline(header.labels);
  }

  /** @param parent where the folder of this session is made, named after the time. */
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
    return new SessionRecorder(folder, stream, jsonl, csv);
  }

  add(live: LiveResult): void {
    const { type, source, frame, timeMs, width, height, timings, faces, rejected } = live;
    const result: FrameResult = {
      ...{ type, source, frame, timeMs, width, height, timings, faces },
      ...(rejected === undefined ? {} : { rejected }),
    };
    this.#lines.push(`${JSON.stringify(result)}\n`);
    this.#rows.push(...csvLines(result).map((line) => `${line}\n`));
    this.#timeline.add(result);
    if (this.#lines.length >= BATCH) this.#flush();
  }

  /**
   * Writes the rest and the report.
   *
   * @throws {MienError} `environment` if something could not be written, also before.
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
      await this.#jsonl.close();
      await this.#csv.close();
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
      await this.#jsonl.write(lines);
      await this.#csv.write(rows);
    });
    // Awaited at the end only; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }
}
