import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, toPersonName } from "@mien/format";
import type { People, Person } from "./people.ts";
import { fileNameOf, isNamedAfter, isPersonFile } from "./person-file-name.ts";
import { decodePerson, encodePerson } from "./person-file.ts";

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
 * Writes a person into a folder, in place of every older file of that person.
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
    await keepOther(file, person.name);
    await rename(aside, file);
    for (const older of await personFiles(folder)) {
      if (path.basename(older).normalize("NFC") === path.basename(file)) continue;
      if (isSame(await nameIn(older), person.name)) await rm(older, { force: true });
    }
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
    const isMeant =
      inside === undefined ? isNamedAfter(path.basename(file), name) : isSame(inside, name);
    if (!isMeant) continue;
    await rm(file, { force: true });
    found = true;
  }
  return found;
}

/**
 * Moves somebody else out of a file that is about to be written: a file may have been named by hand,
 * or by mien 0.1, which kept `Ada` and `ada` in one where the file system ignores case.
 */
async function keepOther(file: string, name: string): Promise<void> {
  const other = await nameIn(file);
  if (other === undefined || isSame(other, name)) return;
  const place = path.join(path.dirname(file), fileNameOf(other));
  if ((await nameIn(place)) === undefined) await rename(file, place);
}

function isSame(name: string | undefined, other: string): boolean {
  return name !== undefined && toPersonName(name) === toPersonName(other);
}

async function personFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new MienError("missing-file", `cannot read the people in ${folder}: ${error.message}`);
  });
  return names
    .filter(isPersonFile)
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
