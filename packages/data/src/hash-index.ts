import { stat } from "node:fs/promises";
import path from "node:path";
import { readJson, writeJson } from "@mien/cli";
import { messageOf, MienError } from "@mien/format";

/** A file as the file system knows it: if this did not change, neither did the content. */
export interface FileState {
  /** In bytes. */
  readonly size: number;
  /** In nanoseconds since 1970. */
  readonly modified: string;
}

interface Entry extends FileState {
  readonly sha256: string;
}

/** A file written this recently may be written again within one tick of its time stamp. */
const UNSETTLED_NANOSECONDS = 2_000_000_000n;

/** Remembers the content hashes of files, so that a large file is not hashed twice. */
export class HashIndex {
  readonly #file: string;

  /** @param folder where `index.json` is kept. */
  constructor(folder: string) {
    this.#file = path.join(folder, "index.json");
  }

  /** The hash of a file that has not changed since it was remembered. */
  async find(file: string, state: FileState): Promise<string | undefined> {
    const entry = (await this.#read())[path.resolve(file)];
    const same = entry?.size === state.size && entry.modified === state.modified;
    return same ? entry.sha256 : undefined;
  }

  /** Remembers a hash, unless the file changed meanwhile or is so young that it still might. */
  async remember(file: string, before: FileState, sha256: string): Promise<void> {
    const after = await fileState(file);
    const age = BigInt(Date.now()) * 1_000_000n - BigInt(after.modified);
    if (after.size !== before.size || after.modified !== before.modified) return;
    if (age < UNSETTLED_NANOSECONDS) return;
    const entries = await this.#read();
    await writeJson(this.#file, { ...entries, [path.resolve(file)]: { ...after, sha256 } });
  }

  async #read(): Promise<Record<string, Entry>> {
    // The index only saves time: a damaged one is as good as none.
    const entries = await readJson(this.#file).catch(() => ({}));
    return typeof entries === "object" && entries !== null
      ? (entries as Record<string, Entry>)
      : {};
  }
}

/**
 * Size and time stamp of a file.
 *
 * @throws {MienError} `missing-file` if it cannot be looked at.
 */
export async function fileState(file: string): Promise<FileState> {
  try {
    const { size, mtimeNs } = await stat(file, { bigint: true });
    return { size: Number(size), modified: String(mtimeNs) };
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`);
  }
}
