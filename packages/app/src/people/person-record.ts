import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { readJson, writeJson } from "@mien/cli";
import { MienError } from "@mien/format";
import type { Box } from "@mien/runtime";

/** Who agreed to what; `person.json` beside a person's pictures. */
export interface PersonRecord {
  readonly name: string;
  readonly consent: Consent;
  /** What was agreed to before, or for an entry that was merged into this one. */
  readonly otherConsents?: readonly Consent[];
  /** ISO 8601; afterwards the person is deleted by itself. */
  readonly keepUntil: string;
  readonly pictures: readonly PersonPicture[];
}

export interface Consent {
  /** What was agreed to, word by word. */
  readonly text: string;
  /** ISO 8601. */
  readonly given: string;
}

/** One picture of a person: a crop with some room around the face. */
export interface PersonPicture {
  /** Its name in the person's folder. */
  readonly file: string;
  /** Of the face in it, in pixels. */
  readonly box: Box;
}

/** A record and the folder that it is in. */
export interface StoredRecord {
  readonly folder: string;
  readonly record: PersonRecord;
}

const RECORD = "person.json";

export function consentsOf({ consent, otherConsents = [] }: PersonRecord): readonly Consent[] {
  return [consent, ...otherConsents];
}

export function writeRecord(folder: string, record: PersonRecord): Promise<void> {
  return writeJson(path.join(folder, RECORD), record);
}

/** Every record in a folder of people; folders without one are no persons. */
export async function readRecords(people: string): Promise<StoredRecord[]> {
  const entries = await readdir(people, { withFileTypes: true }).catch(() => []);
  const records: StoredRecord[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const folder = path.join(people, entry.name);
    try {
      const record = (await readJson(path.join(folder, RECORD))) as PersonRecord;
      if (typeof record?.name === "string" && Array.isArray(record.pictures)) {
        records.push({ folder, record });
      }
    } catch (error) {
      if (!(error instanceof MienError)) throw error;
    }
  }
  return records;
}

/** A picture; undefined if it is not there, since the record is written before the pictures. */
export function readPicture({ folder }: StoredRecord, file: string): Promise<Buffer | undefined> {
  return readFile(path.join(folder, path.basename(file))).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
