import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { isLeftOver, readJson, writeJson } from "@mien/cli";
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

/** Holds the absolute paths of folders into which results with names were written. */
const RESULTS = ".results.json";

/** The folders of `addResultFolder` that still exist. */
export async function readResultFolders(people: string): Promise<string[]> {
  const value = await readJson(path.join(people, RESULTS)).catch(() => []);
  const places = Array.isArray(value)
    ? value.filter((one): one is string => typeof one === "string")
    : [];
  const exist = await Promise.all(places.map((place) => stat(place).catch(() => undefined)));
  return places.filter((_, i) => exist[i]?.isDirectory());
}

/** Remembers a folder into which results with names will be written; it is made if it is missing. */
export async function addResultFolder(people: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJson(path.join(people, RESULTS), [...(await readResultFolders(people)), folder]);
}

/** Forgets every folder of results. */
export async function deleteResultFolders(people: string): Promise<void> {
  await rm(path.join(people, RESULTS), { force: true });
}

/** Whether a path is a folder or inside it. */
export function isInside(place: string, folder: string): boolean {
  const way = path.relative(path.resolve(folder), path.resolve(place));
  return way === "" || !(way.startsWith("..") || path.isAbsolute(way));
}
