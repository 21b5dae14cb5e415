import { readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import { escapeHtml } from "@mien/plot";
import { unzipSync } from "fflate";
import { csvWithout } from "./erase-csv.ts";
import { jsonLinesWithout, readLines, type TablePiece } from "./erase-json-lines.ts";
import { isNamed } from "./same-name.ts";

/** Endings of results, which stay without the person. */
const TABLE = /\.(jsonl|csv)$/i;
/** Endings of what is made of results, and of what stands beside them. */
const MADE = /\.(json|html|txt|log|md)$/i;
/** Larger archives are no exports. */
const MAX_ARCHIVE = 500e6;

/**
 * Takes a name out of every result under a folder: lines of results and tables lose the person;
 * exports of the person, and what was drawn or reported beside results that held the person, are
 * deleted.
 *
 * @param except a folder that is not entered.
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
    // Elsewhere a word that is also a name, as that of a class, is left alone.
    if (tables.length > 0) {
      for (const file of files.filter((file) => MADE.test(file))) {
        if (await holdsWord(path.join(folder, file), name)) await remove(file);
      }
      for (const { name: entry } of entries) {
        if (entry === "annotated" || entry === "annotated.mp4") await remove(entry);
      }
    }
    // Last, since they say that there is something to delete if this is interrupted.
    for (const file of tables) {
      const place = path.join(folder, file);
      const { mode } = await stat(place);
      await writeFileAtomic(place, contentWithout(place, name), mode & 0o777);
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

/** Whether a zip file is what was exported of a person. */
async function isExportOf(file: string, name: string): Promise<boolean> {
  if ((await stat(file)).size > MAX_ARCHIVE) return false;
  const holds = (given: { readonly name: string }) => given.name === "features.json";
  try {
    const { "features.json": content } = unzipSync(await readFile(file), { filter: holds });
    const text = Buffer.from(content ?? []).toString();
    return isNamed((JSON.parse(text) as { name?: unknown } | null)?.name, name);
  } catch {
    // Some other archive.
    return false;
  }
}

/** A table without the person, piece by piece. */
function tableWithout(file: string, name: string): AsyncGenerator<TablePiece> {
  return /\.csv$/i.test(file) ? csvWithout(file, name) : jsonLinesWithout(file, name);
}

async function holdsPerson(file: string, name: string): Promise<boolean> {
  for await (const { changed } of tableWithout(file, name)) if (changed) return true;
  return false;
}

/** The content of a table without the person. */
async function* contentWithout(file: string, name: string): AsyncGenerator<string | Uint8Array> {
  for await (const { content } of tableWithout(file, name)) yield content;
}

/** Whether a file holds the name as such, rather than as a part of another word. */
async function holdsWord(file: string, name: string): Promise<boolean> {
  const forms = [name, escapeHtml(name)].map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const word = new RegExp(`(?<![\\p{L}\\p{N}])(${forms.join("|")})(?![\\p{L}\\p{N}])`, "u");
  for await (const lines of readLines(file)) {
    if (lines.some((line) => word.test(line))) return true;
  }
  return false;
}
