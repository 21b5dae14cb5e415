import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { isLeftOver } from "@mien/cli";
import { hasPersonFile } from "@mien/runtime";
import { readRecords } from "./person-record.ts";

/** The name of the folder of a record. */
const RECORD_FOLDER = /^[0-9a-f]{16}$/;

/** A text that changes when a file of a person in a folder is written, replaced or deleted. */
export async function stateOfFiles(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".person")).sort();
  const states = files.map(async (name) => {
    const found = await stat(path.join(folder, name), { bigint: true }).catch(() => null);
    return [name, found?.ino, found?.size, found?.mtimeNs].join(" ");
  });
  return (await Promise.all(states)).join("\n");
}

/**
 * What killed commands left behind in a folder of people: temporary files, pictures without a
 * consent, and the pictures and consents of people who have no features.
 */
export async function findLeftOvers(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const records = await readRecords(folder);
  const found: string[] = [];
  for (const entry of entries) {
    const place = path.join(folder, entry.name);
    if (entry.isFile() && (await isLeftOver(place))) found.push(place);
    if (!entry.isDirectory() || !RECORD_FOLDER.test(entry.name)) continue;
    const name = records.find((record) => record.folder === place)?.record.name;
    if (name === undefined || !(await hasPersonFile(folder, name))) {
      found.push(place);
      continue;
    }
    for (const file of await readdir(place)) {
      if (await isLeftOver(path.join(place, file))) found.push(path.join(place, file));
    }
  }
  return found;
}
