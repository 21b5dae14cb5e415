import { mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { deleteLeftOvers, readJson, writeJson } from "@mien/cli";
import { eraseName } from "./erase/erase.ts";

/** The folder of results in which every command erases deleted people. */
const DEFAULT_RESULTS = "artifacts";
/** The file in the folder of people that holds the absolute paths of the remembered folders. */
const REMEMBERED = ".results.json";

/** The folders of recorded results in which the names of deleted people are erased. */
export class ResultFolders {
  readonly #people: string;
  readonly #given: readonly string[];

  /**
   * @param people the folder of people, which also remembers folders of results.
   * @param given folders in which names are erased even if they are not remembered.
   */
  constructor(people: string, given: readonly string[]) {
    this.#people = people;
    this.#given = given;
  }

  /** Whether every command erases deleted people in a folder already. */
  async isKnown(folder: string): Promise<boolean> {
    const known = [DEFAULT_RESULTS, ...(await this.#remembered())];
    return known.some((one) => isInside(folder, one));
  }

  /** Remembers a folder into which results with names will be written; it is made if it is missing. */
  async remember(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const folders = [...(await this.#remembered()), path.resolve(folder)];
    await writeJson(path.join(this.#people, REMEMBERED), folders);
  }

  /** Forgets every remembered folder. */
  async forget(): Promise<void> {
    await rm(path.join(this.#people, REMEMBERED), { force: true });
  }

  /** Deletes what killed commands left behind in the given folders. */
  async deleteLeftOvers(): Promise<void> {
    for (const root of this.#given) await deleteLeftOvers(root);
  }

  /**
   * Erases a name in the given and the remembered folders, and deletes what killed commands left
   * behind there.
   *
   * @returns the files and folders that were rewritten or deleted.
   */
  async erase(name: string): Promise<string[]> {
    const changed = new Set<string>();
    for (const root of [...this.#given, ...(await this.#remembered())]) {
      await deleteLeftOvers(root);
      for (const file of await eraseName(root, name, this.#people)) changed.add(file);
    }
    return [...changed];
  }

  /** The remembered folders that still exist. */
  async #remembered(): Promise<string[]> {
    const value = await readJson(path.join(this.#people, REMEMBERED)).catch(() => []);
    const places = Array.isArray(value)
      ? value.filter((one): one is string => typeof one === "string")
      : [];
    const exist = await Promise.all(places.map((place) => stat(place).catch(() => undefined)));
    return places.filter((_, i) => exist[i]?.isDirectory());
  }
}

/** Whether a path is a folder or inside it. */
function isInside(place: string, folder: string): boolean {
  const way = path.relative(path.resolve(folder), path.resolve(place));
  return way === "" || !(way.startsWith("..") || path.isAbsolute(way));
}
