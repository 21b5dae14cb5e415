import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { parseSource } from "./parse-source.ts";
import { onDisk } from "./system/file-names.ts";

/**
 * The state of what a source names, which changes when its content changes.
 *
 * @param source as the user names it.
 * @returns for a file its size and time of change; for a folder a hash of those of its entries; null
 * for an address, of which nothing is known before it is read; undefined for what cannot be read a
 * second time: cameras and standard input.
 */
export async function sourceState(source: string): Promise<string | null | undefined> {
  const parsed = await parseSource(source);
  if (parsed.type === "address") return null;
  if (parsed.type !== "path" && parsed.type !== "recording") return undefined;
  const place = onDisk(parsed.type === "path" ? parsed.path : parsed.folder);
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isFile()) return `${found.size} bytes, ${found.mtime.toISOString()}`;
  if (!found.isDirectory()) return undefined;
  const hash = createHash("sha256");
  const names = await readdir(place, { encoding: "buffer" });
  for (const name of names.sort((a, b) => Buffer.compare(a, b))) {
    const entry = await stat(Buffer.concat([Buffer.from(place), Buffer.from("/"), name])).catch(
      () => undefined,
    );
    hash.update(name).update(`\0${entry?.size ?? ""} ${entry?.mtimeMs ?? ""}\0`);
  }
  return hash.digest("hex");
}
