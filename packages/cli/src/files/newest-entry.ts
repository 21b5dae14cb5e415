import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * The entry of a folder that changed last.
 *
 * @param options.marker name of a file inside each entry whose time of change is compared; entries
 *   without this file are ignored. Default: the time of the entry itself is compared.
 * @param options.pattern entries whose names do not match it are ignored. Default: no entry is ignored.
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
