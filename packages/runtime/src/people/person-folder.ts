import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, toPersonName } from "@mien/format";
import type { People } from "./people.ts";
import type { Person } from "./person.ts";
import { fileNameOf, isNamedAfter, isPersonFile } from "./person-file-name.ts";
import { decodePerson, encodePerson } from "./person-file.ts";

/** What is added to the name of a file while it is written. */
const TEMPORARY = /\.[0-9a-f]{8}\.tmp$/;

/** A file of a person that cannot be used. */
export interface DamagedPerson {
  /** Path of the file. */
  readonly file: string;
  /** Why it cannot be used. */
  readonly error: MienError;
}

/**
 * Adds every person in a folder to `people`. A folder that does not exist counts as empty. Node only.
 *
 * Each person is one file in the folder; to export or delete a person, copy or delete the file.
 *
 * @returns the files that cannot be used; all others have been added.
 * @throws {MienError} `missing-file` if the folder cannot be read.
 * @example
 * for (const { error } of await loadPeople("people", people)) console.warn(error.message);
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
 * Writes a person into a folder, in place of every older file of that person. Only the user who runs
 * the program may read the file. Node only.
 *
 * @param kind of the recogniser that made the features.
 * @returns the path of the file.
 * @throws {MienError} `environment` if it cannot be written.
 * @example
 * await savePerson("people", person, people.recogniser.kind);
 */
export async function savePerson(folder: string, person: Person, kind: string): Promise<string> {
  const file = path.join(folder, fileNameOf(person.name));
  const temporary = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(folder, { recursive: true });
    // Other users may not read it, since an embedding identifies a person as a fingerprint does.
    await writeFile(temporary, encodePerson(person, kind), { mode: 0o600 });
    await moveOtherPerson(file, person.name);
    await rename(temporary, file);
    for (const older of await personFiles(folder)) {
      if (path.basename(older).normalize("NFC") === path.basename(file)) continue;
      if (isSame(await nameIn(older), person.name)) await rm(older, { force: true });
    }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new MienError("environment", `cannot write ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return file;
}

/**
 * Deletes every file of a person from a folder: the files that contain the person's name, and
 * also a damaged file if it has the file name of this person. Temporary files of this person that a
 * killed program left behind are deleted, too. Node only.
 *
 * @returns whether there was such a file.
 * @example
 * await deletePerson("people", "Ada");
 */
export async function deletePerson(folder: string, name: string): Promise<boolean> {
  let isDeleted = false;
  for (const file of await personFiles(folder)) {
    if (!(await isFileOf(file, name))) continue;
    await rm(file, { force: true });
    isDeleted = true;
  }
  for (const file of await filesIn(folder, isTemporaryPersonFile)) {
    if (await isFileOf(file, name)) await rm(file, { force: true });
  }
  return isDeleted;
}

/** Whether a folder has a file of this person, even a damaged one. Node only. @internal */
export async function hasPersonFile(folder: string, name: string): Promise<boolean> {
  for (const file of await personFiles(folder)) if (await isFileOf(file, name)) return true;
  return false;
}

async function isFileOf(file: string, name: string): Promise<boolean> {
  const nameInside = await nameIn(file);
  if (nameInside !== undefined) return isSame(nameInside, name);
  return isNamedAfter(path.basename(file).replace(TEMPORARY, ""), name);
}

/**
 * Moves another person's data out of a file that is about to be overwritten: the file may have been
 * named by hand, or by mien 0.1, which gave `Ada` and `ada` one file where the file system ignores
 * case.
 */
async function moveOtherPerson(file: string, name: string): Promise<void> {
  const other = await nameIn(file);
  if (other === undefined || isSame(other, name)) return;
  const target = path.join(path.dirname(file), fileNameOf(other));
  if ((await nameIn(target)) === undefined) await rename(file, target);
}

function isTemporaryPersonFile(file: string): boolean {
  return TEMPORARY.test(file) && isPersonFile(file.replace(TEMPORARY, ""));
}

function isSame(name: string | undefined, other: string): boolean {
  return name !== undefined && toPersonName(name) === toPersonName(other);
}

function personFiles(folder: string): Promise<string[]> {
  return filesIn(folder, isPersonFile);
}

async function filesIn(folder: string, belongs: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new MienError("missing-file", `cannot read the people in ${folder}: ${error.message}`);
  });
  return names
    .filter(belongs)
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
