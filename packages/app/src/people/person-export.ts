import path from "node:path";
import type { Person } from "@mien/runtime";
import { strToU8, zipSync } from "fflate";
import { readPicture, type StoredRecord } from "./person-record.ts";

/** What is stored about a person. */
export interface StoredPerson {
  readonly name: string;
  /** The features; undefined if the file is missing. */
  readonly person: Person | undefined;
  /** The `kind` of the recogniser that computed the features. */
  readonly kind: string;
  /** The consent and the pictures; undefined without them. */
  readonly stored: StoredRecord | undefined;
}

/**
 * Everything that is stored about a person, as a zip file: `features.json`, `person.json` and the
 * pictures in `pictures/`. Missing pictures are left out.
 */
export async function exportPerson(stored: StoredPerson): Promise<Uint8Array> {
  const { name, person, kind } = stored;
  const features = {
    name,
    enrolled: person?.enrolled,
    kind,
    features: person?.features.map((feature) => Array.from(feature)),
  };
  const files: Record<string, Uint8Array> = {
    "features.json": strToU8(JSON.stringify(features)),
  };
  if (stored.stored !== undefined) {
    const { record } = stored.stored;
    files["person.json"] = strToU8(JSON.stringify(record, null, 2));
    for (const { file } of record.pictures) {
      const picture = await readPicture(stored.stored, file);
      if (picture !== undefined) files[`pictures/${path.basename(file)}`] = picture;
    }
  }
  return zipSync(files, { level: 0 });
}
