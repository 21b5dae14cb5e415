import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { parseSource } from "../parse-source.ts";
import { onDisk, shownName } from "../system/file-names.ts";
import { kindByEnding, naturally } from "./find-images.ts";

/**
 * The films of a folder that holds films and no image.
 *
 * @param source as the user names it.
 * @returns their paths in natural order (2 before 10); undefined if the source is anything else.
 */
export async function findFilms(source: string): Promise<readonly string[] | undefined> {
  const parsed = await parseSource(source);
  if (parsed.type !== "path") return undefined;
  const entries = await readdir(onDisk(parsed.path), { encoding: "buffer" }).catch(() => []);
  const names = entries.map(shownName).filter((name) => !name.startsWith("."));
  if (names.some((name) => name === "INDEX.txt" || kindByEnding(name) === "image"))
    return undefined;
  const films: string[] = [];
  for (const name of names.filter((name) => kindByEnding(name) === "video").sort(naturally)) {
    const film = path.join(parsed.path, name);
    if ((await stat(onDisk(film)).catch(() => undefined))?.isFile() === true) films.push(film);
  }
  return films.length === 0 ? undefined : films;
}
