import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * The entry of a folder that changed last.
 *
 * @param options.marker a file inside the entry whose time of change counts; entries without it are
 * left out. Default the entry itself.
 * @param options.pattern of the names that count. Default all.
 * @returns its name; undefined if there is none.
 */
export async function newestEntry(
  folder: string,
  { marker = "", pattern = /(?:)/ }: { readonly marker?: string; readonly pattern?: RegExp },
): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  let newest: { name: string; time: number } | undefined;
  for (const name of names.filter((candidate) => pattern.test(candidate))) {
    const stats = await stat(path.join(folder, name, marker)).catch(() => undefined);
    if (stats && (newest === undefined || stats.mtimeMs > newest.time)) {
      newest = { name, time: stats.mtimeMs };
    }
  }
  return newest?.name;
}
