import { readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import { escapeHtml } from "@mien/plot";
import { unzipSync } from "fflate";

/** Endings of files that hold text in which a name may stand. */
const TEXT = /\.(jsonl|json|csv|html|txt|log|md)$/i;
const MAX_BYTES = 500e6;
/** What a table says instead. */
const COLUMNS = ["person", "person_distance"];

/**
 * Takes a name out of every result under a folder: lines of results and tables lose the person;
 * exports of the person, and what was drawn or reported beside results that held the name, are
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
    // Elsewhere a word that is also a name, as that of a class, is left alone.
    const results = entries.some((entry) => entry.name === "results.jsonl");
    let named = false;
    for (const entry of entries) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) await visit(file);
      else if (entry.isFile() && entry.name.endsWith(".zip")) {
        if (!(await isExportOf(file, name))) continue;
        await rm(file);
        changed.push(file);
      } else if (
        entry.isFile() &&
        TEXT.test(entry.name) &&
        (await eraseFrom(file, name, results))
      ) {
        changed.push(file);
        named = true;
      }
    }
    if (!named) return;
    for (const drawn of ["annotated", "annotated.mp4"]) {
      const place = path.join(folder, drawn);
      if ((await stat(place).catch(() => undefined)) === undefined) continue;
      await rm(place, { recursive: true, force: true });
      changed.push(place);
    }
  };
  await visit(root);
  return changed;
}

/** Whether a zip file is what was exported of a person. */
async function isExportOf(file: string, name: string): Promise<boolean> {
  if ((await stat(file)).size > MAX_BYTES) return false;
  const holds = (given: { readonly name: string }) => given.name === "features.json";
  try {
    const { "features.json": content } = unzipSync(await readFile(file), { filter: holds });
    const text = Buffer.from(content ?? []).toString();
    return (JSON.parse(text) as { name?: unknown } | null)?.name === name;
  } catch {
    // Some other archive.
    return false;
  }
}

/** @returns whether the file held the name and no longer does. */
async function eraseFrom(file: string, name: string, inResults: boolean): Promise<boolean> {
  if ((await stat(file)).size > MAX_BYTES) return false;
  const text = await readFile(file, "utf8");
  const forms = [name, JSON.stringify(name).slice(1, -1), escapeHtml(name)];
  if (!forms.some((form) => text.includes(form))) return false;
  if (/\.(jsonl|csv)$/i.test(file)) {
    const rest = file.endsWith(".csv")
      ? csvWithout(text, name)
      : text
          .split("\n")
          .map((line) => withoutPerson(line, name))
          .join("\n");
    if (rest === text) return false;
    await writeFileAtomic(file, rest);
    return true;
  }
  if (!inResults || !holdsWord(text, forms)) return false;
  await rm(file);
  return true;
}

function withoutPerson(line: string, name: string): string {
  if (!line.includes(JSON.stringify(name))) return line;
  try {
    return JSON.stringify(JSON.parse(line), (key, value: unknown) =>
      key === "person" && (value as { name?: unknown } | null)?.name === name ? null : value,
    );
  } catch {
    return "";
  }
}

function csvWithout(text: string, name: string): string {
  const [head = "", ...lines] = text.split("\n");
  const places = head.split(",").flatMap((column, i) => (COLUMNS.includes(column) ? [i] : []));
  const [person] = places;
  if (person === undefined) return text;
  return [
    head,
    ...lines.map((line) => {
      const cells = line
        .match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)
        ?.map((cell) => cell.replace(/,$/, ""));
      if (cells?.[person]?.replace(/^"|"$/g, "").replaceAll('""', '"') !== name) return line;
      for (const place of places) cells[place] = "";
      return cells.slice(0, head.split(",").length).join(",");
    }),
  ].join("\n");
}

/** Whether a text holds the name as such, rather than as a part of another word. */
function holdsWord(text: string, forms: readonly string[]): boolean {
  return forms.some((form) => {
    const escaped = form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "u").test(text);
  });
}
