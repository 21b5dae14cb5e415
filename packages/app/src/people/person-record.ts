import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { readJson, writeJson } from "@mien/cli";
import { MienError } from "@mien/format";
import type { Box } from "@mien/runtime";
import { earlierExpiry } from "./retention.ts";

/** What a person consented to, and the stored pictures; `person.json` beside the pictures. */
export interface PersonRecord {
  readonly name: string;
  readonly consent: Consent;
  /** Earlier consents, and the consents of entries that were merged into this entry. */
  readonly otherConsents?: readonly Consent[];
  /** When the person is deleted, ISO 8601; see `retention.ts`. */
  readonly keepUntil: string;
  readonly pictures: readonly PersonPicture[];
}

export interface Consent {
  /** The text that the person consented to. */
  readonly text: string;
  /** ISO 8601. */
  readonly given: string;
}

/** One picture of a person: a crop with a margin around the face. */
interface PersonPicture {
  /** Name of the file in the person's folder. */
  readonly file: string;
  /** The face in the crop, in pixels. */
  readonly box: Box;
}

/** A record and the folder that holds it. */
export interface StoredRecord {
  readonly folder: string;
  readonly record: PersonRecord;
}

const RECORD = "person.json";

/** Every consent of a record, the present one first. */
export function consentsOf({ consent, otherConsents = [] }: PersonRecord): readonly Consent[] {
  return [consent, ...otherConsents];
}

/** The record under another name, which is also changed in the texts of the consents. */
export function renamedRecord(record: PersonRecord, name: string): PersonRecord {
  const renamed = (consent: Consent): Consent => ({
    ...consent,
    text: consent.text.replaceAll(`"${record.name}"`, `"${name}"`),
  });
  const { consent, otherConsents = [] } = record;
  return {
    ...record,
    name,
    consent: renamed(consent),
    otherConsents: otherConsents.map(renamed),
  };
}

/**
 * Combines two records of the same person: all pictures and consents, and the earlier expiry date.
 */
export function mergedRecord(into: PersonRecord, other: PersonRecord): PersonRecord {
  const otherConsents = consentsOf(renamedRecord(other, into.name));
  return {
    ...into,
    otherConsents: [...(into.otherConsents ?? []), ...otherConsents],
    keepUntil: earlierExpiry(into.keepUntil, other.keepUntil),
    pictures: [...into.pictures, ...other.pictures],
  };
}

export function writeRecord(folder: string, record: PersonRecord): Promise<void> {
  return writeJson(path.join(folder, RECORD), record);
}

/** Every record in a folder of people; folders without a readable record are skipped. */
export async function readRecords(people: string): Promise<StoredRecord[]> {
  const entries = await readdir(people, { withFileTypes: true }).catch(() => []);
  const records: StoredRecord[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const folder = path.join(people, entry.name);
    try {
      const record = await readJson(path.join(folder, RECORD));
      if (isRecord(record)) records.push({ folder, record });
    } catch (error) {
      if (!(error instanceof MienError)) throw error;
    }
  }
  return records;
}

/** Whether a value has the properties that identify a record; the others are not checked. */
function isRecord(value: unknown): value is PersonRecord {
  if (typeof value !== "object" || value === null) return false;
  if (!("name" in value) || !("pictures" in value)) return false;
  return typeof value.name === "string" && Array.isArray(value.pictures);
}

/** A picture; undefined if the file is missing, since the record is written before the pictures. */
export function readPicture({ folder }: StoredRecord, file: string): Promise<Buffer | undefined> {
  return readFile(path.join(folder, path.basename(file))).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}
