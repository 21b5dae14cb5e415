import { stat } from "node:fs/promises";
import path from "node:path";
import { readJson, writeJson } from "@mien/cli";
import { messageOf, MienError } from "@mien/format";

/** Size and time stamp of a file. As long as both stay the same, the content is taken to be the same. */
export interface FileState {
  /** In bytes. */
  readonly size: number;
  /** In nanoseconds since 1970. */
  readonly modified: string;
}

interface Entry extends FileState {
  readonly sha256: string;
  /** Time of hashing, in nanoseconds since 1970. */
  readonly hashed: string;
}

/**
 * Time after writing, in nanoseconds, within which a file may change again without a new time
 * stamp.
 */
const UNSETTLED_NANOSECONDS = 2_000_000_000n;

/** Stores the content hashes of files, so that a large file is not hashed twice. */
export class HashIndex {
  readonly #file: string;

  /** @param folder where `index.json` is kept. */
  constructor(folder: string) {
    this.#file = path.join(folder, "index.json");
  }

  /** The stored hash of a file that has certainly not changed since. */
  async find(file: string, state: FileState): Promise<string | undefined> {
    const entry = (await this.#read())[path.resolve(file)];
    if (entry?.size !== state.size || entry.modified !== state.modified) return undefined;
    const settled = BigInt(entry.hashed) - BigInt(entry.modified) >= UNSETTLED_NANOSECONDS;
    return settled ? entry.sha256 : undefined;
  }

  /** Whether a file of this size was hashed before. If not, the content is certainly new. */
  async knowsSize(size: number): Promise<boolean> {
    return Object.values(await this.#read()).some((entry) => entry.size === size);
  }

  /** Stores a hash, unless the file has changed since its state was read. */
  async remember(file: string, before: FileState, sha256: string): Promise<void> {
    const after = await fileState(file);
    if (after.size !== before.size || after.modified !== before.modified) return;
    const hashed = String(BigInt(Date.now()) * 1_000_000n);
    const entries = await this.#read();
    const entry: Entry = { ...after, hashed, sha256 };
    await writeJson(this.#file, { ...entries, [path.resolve(file)]: entry });
  }

  async #read(): Promise<Record<string, Entry>> {
    // The index only saves time: a damaged index or entry is ignored.
    const entries = await readJson(this.#file).catch(() => undefined);
    if (typeof entries !== "object" || entries === null) return {};
    return Object.fromEntries(Object.entries(entries).filter(isEntry));
  }
}

function isEntry(pair: [string, unknown]): pair is [string, Entry] {
  const entry = pair[1] as Partial<Entry> | null;
  const isTime = (value: unknown) => typeof value === "string" && /^\d+$/.test(value);
  return isTime(entry?.modified) && isTime(entry?.hashed) && typeof entry?.sha256 === "string";
}

/**
 * Size and time stamp of a file.
 *
 * @throws {MienError} `missing-file` if the file cannot be accessed.
 */
export async function fileState(file: string): Promise<FileState> {
  try {
    const { size, mtimeNs } = await stat(file, { bigint: true });
    return { size: Number(size), modified: String(mtimeNs) };
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`);
  }
}
