import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf } from "@mien/format";
import type { People, Person } from "./people.ts";
import { decodePerson, encodePerson } from "./person-file.ts";

const ENDING = ".person";
/** Longer names are cut in the name of a file, in UTF-16 units: file systems take 255 bytes. */
const LONGEST = 60;

/** A person whose file cannot be used, and why. */
export interface DamagedPerson {
  readonly file: string;
  readonly error: MienError;
}

/**
 * Adds everybody in a folder to `people`. A folder that does not exist is empty. A file that cannot
 * be used is reported, and the rest goes on.
 *
 * Each person is one file in it; to export or delete somebody, copy or delete the file.
 *
 * @throws {MienError} `missing-file` if the folder cannot be read.
 */
export async function loadPeople(folder: string, people: People): Promise<DamagedPerson[]> {
  const damaged: DamagedPerson[] = [];
  for (const file of await personFiles(folder)) {
    try {
      const { person, kind } = decodePerson(await read(file), file);
      if (kind !== people.recogniser.kind) {
        throw new MienError(
          "mismatch",
          `${file} was enrolled with ${kind}, but this is ${people.recogniser.kind}`,
          { advice: `Enrol ${person.name} again.` },
        );
      }
      people.add(person.name, person.features, person.enrolled);
    } catch (error) {
      if (!(error instanceof MienError)) throw error;
      damaged.push({ file, error });
    }
  }
  return damaged;
}

/**
 * Writes a person into a folder, in place of an older file of the same name.
 *
 * @param kind of the recogniser that made the features.
 * @returns the path of the file.
 * @throws {MienError} `environment` if it cannot be written.
 */
export async function savePerson(folder: string, person: Person, kind: string): Promise<string> {
  const file = path.join(folder, fileNameOf(person.name));
  const aside = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    // Nobody else on this machine: an embedding identifies a person as a fingerprint does.
    await writeFile(aside, encodePerson(person, kind), { mode: 0o600 });
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw new MienError("environment", `cannot write ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return file;
}

/**
 * Deletes whatever the folder holds of a person, which is what stands in a file; also a damaged
 * file, if it has that name.
 *
 * @returns whether there was anything.
 */
export async function deletePerson(folder: string, name: string): Promise<boolean> {
  let found = false;
  for (const file of await personFiles(folder)) {
    const inside = await nameIn(file);
    const called = inside === undefined ? path.basename(file) : fileNameOf(inside);
    if (called !== fileNameOf(name)) continue;
    await rm(file, { force: true });
    found = true;
  }
  return found;
}

async function personFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new MienError("missing-file", `cannot read the people in ${folder}: ${error.message}`);
  });
  return names
    .filter((name) => name.endsWith(ENDING))
    .sort()
    .map((name) => path.join(folder, name));
}

async function nameIn(file: string): Promise<string | undefined> {
  try {
    return decodePerson(await read(file), file).person.name;
  } catch {
    return undefined;
  }
}

async function read(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: unknown) => {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`);
  });
}

/**
 * Letters and digits of any script stay readable; whatever a file system dislikes is escaped. Long
 * names that begin alike differ in their hash.
 */
function fileNameOf(name: string): string {
  const safe = name
    .trim()
    .normalize("NFC")
    .replace(/[^\p{L}\p{N} _-]/gu, (odd) => `%${odd.codePointAt(0)?.toString(16)}`);
  if (safe.length <= LONGEST) return `${safe}${ENDING}`;
  const digits = createHash("sha256").update(safe).digest("hex").slice(0, 8);
  return `${safe.slice(0, LONGEST - 9)}-${digits}${ENDING}`;
}
