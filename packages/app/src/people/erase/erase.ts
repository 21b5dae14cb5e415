import { readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { readJson, writeFileAtomic, writeJson } from "@mien/cli";
import { escapeHtml } from "@mien/plot";
import { unzipSync } from "fflate";
import { csvWithout } from "./erase-csv.ts";
import { jsonLinesWithout, nameIn, readLines, type TablePiece } from "./erase-json-lines.ts";
import { isNamed } from "../same-name.ts";

/** Names of tables of results, in which the person is erased. */
const TABLE = /\.(jsonl|csv)$/i;
/** Names of reports and logs, which are deleted if they contain the name. */
const REPORT = /\.(json|html|txt|log|md)$/i;
/** Size above which a JSON file is not read, in bytes; summaries of analyses are smaller. */
const MAX_SUMMARY = 1e6;
/** Size above which an archive is not read, in bytes; exports are smaller. */
const MAX_ARCHIVE = 500e6;

/**
 * Erases a name in all results under a folder. The person is erased in tables of results. Exports of
 * the person are deleted, and so are annotated pictures and reports beside a table that contained
 * the person.
 *
 * @param except a folder that is skipped.
 * @returns the files and folders that were rewritten or deleted.
 */
export async function eraseName(root: string, name: string, except: string): Promise<string[]> {
  const changed: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    if (path.resolve(folder) === path.resolve(except)) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    const tables: string[] = [];
    for (const file of files.filter((file) => TABLE.test(file))) {
      if (await holdsPerson(path.join(folder, file), name)) tables.push(file);
    }
    const remove = async (entry: string) => {
      await rm(path.join(folder, entry), { recursive: true, force: true });
      changed.push(path.join(folder, entry));
    };
    for (const file of files.filter((file) => file.endsWith(".json"))) {
      if (await eraseInSummary(path.join(folder, file), name))
        changed.push(path.join(folder, file));
    }
    // Only beside such tables: elsewhere the name may be a mere word, such as a class label.
    if (tables.length > 0) {
      for (const file of files.filter((file) => REPORT.test(file))) {
        if (await holdsWord(path.join(folder, file), name)) await remove(file);
      }
      for (const { name: entry } of entries) {
        if (entry === "annotated" || entry === "annotated.mp4") await remove(entry);
      }
    }
    // Tables are rewritten last: if this is interrupted, they still show what must be deleted.
    for (const file of tables) {
      const place = path.join(folder, file);
      await eraseInTable(place, name);
      changed.push(place);
    }
    for (const file of files.filter((file) => file.endsWith(".zip"))) {
      if (await isExportOf(path.join(folder, file), name)) await remove(file);
    }
    for (const entry of entries) {
      const isDrawn = tables.length > 0 && entry.name === "annotated";
      if (entry.isDirectory() && !isDrawn) await visit(path.join(folder, entry.name));
    }
  };
  await visit(root);
  return changed;
}

/**
 * Removes a person from the summary of an analysis, which `app:analyze --json` wrote.
 *
 * @returns whether the file is such a summary and contained the person.
 */
async function eraseInSummary(file: string, name: string): Promise<boolean> {
  const { size } = (await stat(file).catch(() => undefined)) ?? { size: Infinity };
  if (size > MAX_SUMMARY) return false;
  const summary = await readJson(file).catch(() => null);
  if (!isObject(summary) || !isObject(summary["people"])) return false;
  const people = Object.entries(summary["people"]);
  const left = people.filter(([one]) => !isNamed(one, name));
  if (left.length === people.length || !people.every(([, count]) => typeof count === "number")) {
    return false;
  }
  await writeJson(file, { ...summary, people: Object.fromEntries(left) });
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a zip file is an export of a person. */
async function isExportOf(file: string, name: string): Promise<boolean> {
  if ((await stat(file)).size > MAX_ARCHIVE) return false;
  const holds = (given: { readonly name: string }) => given.name === "features.json";
  try {
    const { "features.json": content } = unzipSync(await readFile(file), { filter: holds });
    const text = Buffer.from(content ?? []).toString();
    return isNamed(nameIn(JSON.parse(text)), name);
  } catch {
    // Another kind of archive.
    return false;
  }
}

/** A table without the person, in pieces. */
function tableWithout(file: string, name: string): AsyncGenerator<TablePiece> {
  return /\.csv$/i.test(file) ? csvWithout(file, name) : jsonLinesWithout(file, name);
}

async function holdsPerson(file: string, name: string): Promise<boolean> {
  for await (const { changed } of tableWithout(file, name)) if (changed) return true;
  return false;
}

/** Erases a person in a table of results; a file that is missing or has no such person stays as it is. */
export async function eraseInTable(file: string, name: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || !(await holdsPerson(file, name))) return;
  await writeFileAtomic(file, contentWithout(file, name), found.mode & 0o777);
}

/** The content of a table without the person. */
async function* contentWithout(file: string, name: string): AsyncGenerator<string | Uint8Array> {
  for await (const { content } of tableWithout(file, name)) yield content;
}

/** Whether a file contains the name as a whole word. */
async function holdsWord(file: string, name: string): Promise<boolean> {
  const forms = [name, escapeHtml(name)].map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const word = new RegExp(`(?<![\\p{L}\\p{N}])(${forms.join("|")})(?![\\p{L}\\p{N}])`, "u");
  for await (const lines of readLines(file)) {
    if (lines.some((line) => word.test(line))) return true;
  }
  return false;
}
