import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { cannotWrite } from "@mien/cli";

/** Lines gathered before they are written. */
const BATCH = 64 * 1024;

/** A text file that grows line by line aside, and appears under its name only when it is whole. */
export class LineFile {
  readonly file: string;
  readonly #aside: string;
  #handle: FileHandle | undefined;
  #waiting = "";

  private constructor(file: string) {
    this.file = file;
    this.#aside = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  }

  /** @throws {MienError} `environment` if it cannot be written. */
  static async create(file: string): Promise<LineFile> {
    const made = new LineFile(file);
    await made.#guard(async () => {
      await mkdir(path.dirname(file), { recursive: true });
      made.#handle = await open(made.#aside, "w");
    });
    return made;
  }

  /** @throws {MienError} `environment` if the disk is full. */
  async add(line: string): Promise<void> {
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= BATCH) await this.#flush();
  }

  /** Gives the file its name. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#guard(async () => {
      await this.#handle?.sync();
      await this.#handle?.close();
      this.#handle = undefined;
      await rename(this.#aside, this.file);
    });
  }

  /** Leaves nothing behind, unless it is finished. */
  async discard(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    await rm(this.#aside, { force: true }).catch(() => undefined);
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
