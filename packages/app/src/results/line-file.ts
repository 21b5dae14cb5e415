import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { cannotWrite } from "@mien/cli";

/** Characters that are collected before they are written. */
const BATCH = 64 * 1024;

/** A text file that is written line by line under a temporary name, and renamed when complete. */
export class LineFile {
  readonly file: string;
  readonly #temporary: string;
  #handle: FileHandle | undefined;
  #waiting = "";

  private constructor(file: string) {
    this.file = file;
    this.#temporary = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  }

  /** @throws {MienError} `environment` if it cannot be written. */
  static async create(file: string): Promise<LineFile> {
    const created = new LineFile(file);
    await created.#guard(async () => {
      await mkdir(path.dirname(file), { recursive: true });
      created.#handle = await open(created.#temporary, "w");
    });
    return created;
  }

  /** @throws {MienError} `environment` if the disk is full. */
  async add(line: string): Promise<void> {
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= BATCH) await this.#flush();
  }

  /** Writes the rest and gives the file its name. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#guard(async () => {
      await this.#handle?.sync();
      await this.#handle?.close();
      this.#handle = undefined;
      await rename(this.#temporary, this.file);
    });
  }

  /** Deletes the file unless it is finished. */
  async discard(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    await this.#guard(async () => void (await this.#handle?.writeFile(text)));
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.discard();
      throw cannotWrite(this.file, error);
    }
  }
}
