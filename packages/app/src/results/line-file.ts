import { appendFile, mkdir, open, rename, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { cannotWrite } from "@mien/cli";

/** Characters that are collected before they are written. */
const BATCH = 64 * 1024;
/** Longest time before collected lines are written, in milliseconds, so that a kill loses little. */
const LONGEST_WAIT = 100;

/**
 * A text file that is written line by line under a temporary name, and renamed when complete. It is
 * opened for every batch of lines, so that other programs may replace it in between.
 */
export class LineFile {
  /** The name of the complete file. */
  readonly file: string;
  /** The name until then. */
  readonly incomplete: string;
  #waiting = "";
  #written = performance.now();

  private constructor(file: string) {
    this.file = file;
    this.incomplete = incompleteName(file);
  }

  /**
   * Opens a file under its temporary name.
   *
   * @param keptBytes length of its beginning that is kept; the rest is cut off. Default 0.
   * @throws {MienError} `environment` if it cannot be written.
   */
  static async create(file: string, keptBytes = 0): Promise<LineFile> {
    const created = new LineFile(file);
    await created.#guard(async () => {
      await mkdir(path.dirname(file), { recursive: true });
      if (keptBytes > 0) await truncate(created.incomplete, keptBytes);
      else await writeFile(created.incomplete, "");
    });
    return created;
  }

  /**
   * Adds a line, and writes the lines that were collected if it is time.
   *
   * @param before is done before they are written.
   * @throws {MienError} `environment` if the disk is full.
   */
  async add(line: string, before?: () => Promise<void>): Promise<void> {
    this.#waiting += `${line}\n`;
    const isDue = performance.now() - this.#written > LONGEST_WAIT || this.#waiting.length >= BATCH;
    if (!isDue) return;
    await before?.();
    await this.flush();
  }

  /** Writes the lines that were added. */
  async flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    this.#written = performance.now();
    await this.#guard(() => appendFile(this.incomplete, text));
  }

  /** Writes the rest and gives the file its name. */
  async finish(): Promise<void> {
    await this.flush();
    await this.#guard(async () => {
      const handle = await open(this.incomplete, "r+");
      await handle.sync().finally(() => handle.close());
      await rename(this.incomplete, this.file);
    });
  }

  /** Deletes the incomplete file. */
  async discard(): Promise<void> {
    await rm(this.incomplete, { force: true }).catch(() => undefined);
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw cannotWrite(this.file, error);
    }
  }
}

/** The name of a file that is not complete: `results.incomplete.jsonl` for `results.jsonl`. */
export function incompleteName(file: string): string {
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}.incomplete${ext}`);
}
