import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import { checkPersonName, MienError, toPersonName } from "@mien/format";
import {
  deletePerson,
  loadPeople,
  savePerson,
  type DamagedPerson,
  type People,
  type Person,
} from "@mien/runtime";
import type { PeopleSummary } from "@mien/web";
import { consentText } from "./consent.ts";
import { CropFeatures, type Crop } from "./crop-features.ts";
import { enrolmentWarnings } from "./enrolment-warnings.ts";
import { eraseName } from "./erase.ts";
import { exportPerson } from "./person-export.ts";
import {
  consentsOf,
  mergedRecord,
  readPicture,
  readRecords,
  renamedRecord,
  writeRecord,
  type PersonRecord,
  type StoredRecord,
} from "./person-record.ts";
import { expiryOf, isExpired } from "./retention.ts";
import { isNamed } from "./same-name.ts";

/** What the deletion of a person changed. */
export interface Erased {
  /** Whether such a person was enrolled. */
  readonly found: boolean;
  /** Files outside the folder of people that were deleted or rewritten. */
  readonly files: readonly string[];
}

/** What a store works with. */
interface StoreParts {
  readonly folder: string;
  readonly people: People;
  readonly results: readonly string[];
  readonly damaged: readonly DamagedPerson[];
}

/** The file that remains if writing `NAME.person` was interrupted. */
const LEFTOVER = /\.person\.[0-9a-f]+\.tmp$/;

/**
 * The folder of people. For each person it holds the features that the runtime reads
 * (`NAME.person`), and a folder with a random name for the consent and the pictures.
 */
export class PersonStore {
  readonly folder: string;
  readonly people: People;
  /** Files that cannot be used. */
  readonly damaged: readonly DamagedPerson[];
  #deleted: readonly string[] = [];
  readonly #features: CropFeatures;
  readonly #results: readonly string[];

  private constructor({ folder, people, results, damaged }: StoreParts) {
    this.folder = folder;
    this.people = people;
    this.damaged = damaged;
    this.#results = results;
    this.#features = new CropFeatures(people.recogniser);
  }

  /**
   * Opens a folder, which need not exist, and deletes everybody who has expired.
   *
   * @param people empty; everybody in the folder is added.
   * @param results folders of recorded results, from which names of deleted people are erased.
   */
  static async open(
    folder: string,
    people: People,
    results: readonly string[],
  ): Promise<PersonStore> {
    const damaged = await loadPeople(folder, people);
    const store = new PersonStore({ folder, people, results, damaged });
    const expired = await store.expired();
    for (const name of expired) await store.delete(name);
    store.#deleted = expired;
    return store;
  }

  /** Names of the people who had expired, and were deleted when the folder was opened. */
  get deleted(): readonly string[] {
    return this.#deleted;
  }

  async summary(): Promise<PeopleSummary> {
    const records = await readRecords(this.folder);
    const { falseAccept, falseReject } = this.people.thresholdEstimate();
    return {
      folder: this.folder,
      people: this.people.list().map(({ name, enrolled, features }) => ({
        name,
        enrolled,
        pictures: features.length,
        keepUntil: records.find(({ record }) => record.name === name)?.record.keepUntil ?? null,
      })),
      falseAccept: this.people.size === 0 ? null : falseAccept,
      falseReject: this.people.size === 0 ? null : falseReject,
    };
  }

  /**
   * Enrols a person who has consented, or adds pictures to a person who is enrolled.
   *
   * @param consent.given when consent was given, ISO 8601.
   * @param consent.keepDays how long the person is stored, in days.
   * @throws {MienError} `usage` for an invalid name or no picture.
   */
  async add(
    name: string,
    crops: readonly Crop[],
    consent: { readonly given: string; readonly keepDays: number },
  ): Promise<void> {
    const called = checkPersonName(name);
    if (crops.length === 0) throw new MienError("usage", `no picture of ${called} is left`);
    const features = await this.#features.of(crops);
    const known = await this.#recordOf(called);
    const folder = known?.folder ?? path.join(this.folder, randomBytes(8).toString("hex"));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const added = crops.map((crop) => ({ ...crop, file: `${randomBytes(6).toString("hex")}.jpg` }));
    const { given, keepDays } = consent;
    const record: PersonRecord = {
      name: called,
      consent: { text: consentText(called, this.folder, keepDays), given },
      keepUntil: expiryOf(given, keepDays),
      pictures: [
        ...(known?.record.pictures ?? []),
        ...added.map(({ file, box }) => ({ file, box })),
      ],
      ...(known === undefined ? {} : { otherConsents: consentsOf(known.record) }),
    };
    // Written first, so that no picture is ever stored without consent and expiry.
    await writeRecord(folder, record);
    for (const { file, jpeg } of added) await writeFileAtomic(path.join(folder, file), jpeg);
    this.people.add(called, features, given);
    await this.#save(called);
  }

  /** Reasons why these pictures may show the wrong person, in sentences. */
  async warningsAbout(name: string, crops: readonly Crop[]): Promise<string[]> {
    return enrolmentWarnings(name, await this.#features.of(crops), this.people);
  }

  /** Deletes a person, and the name in all recorded results. */
  async delete(name: string): Promise<Erased> {
    const called = toPersonName(name);
    let found = this.people.remove(called);
    found = (await deletePerson(this.folder, called)) || found;
    for (const { folder, record } of await readRecords(this.folder)) {
      if (!isNamed(record.name, called)) continue;
      await rm(folder, { recursive: true, force: true });
      found = true;
    }
    for (const file of await readdir(this.folder).catch(() => [])) {
      if (LEFTOVER.test(file)) await rm(path.join(this.folder, file), { force: true });
    }
    const files = new Set<string>();
    for (const root of this.#results) {
      for (const file of await eraseName(root, called, this.folder)) files.add(file);
    }
    return { found, files: [...files] };
  }

  /**
   * Renames a person.
   *
   * @throws {MienError} `missing-file` if nobody has the old name, `conflict` if somebody has the
   * new name, `usage` if the new name is invalid.
   */
  async rename(from: string, to: string): Promise<void> {
    const name = checkPersonName(to);
    const stored = this.#storedName(from);
    if (name === stored) return;
    if (this.#person(name) !== undefined) {
      throw new MienError("conflict", `${name} is enrolled already`, {
        advice: "Merge the two instead.",
      });
    }
    await this.#move(stored, name);
  }

  /**
   * Merges two entries of the same person. The pictures are stored until the earlier of the two
   * expiry dates.
   *
   * @throws {MienError} `missing-file` if nobody has one of the names, `usage` if they are the same.
   */
  async merge(from: string, into: string): Promise<void> {
    const [stored, target] = [this.#storedName(from), this.#storedName(into)];
    if (stored === target) throw new MienError("usage", "a person cannot be merged with itself");
    await this.#move(stored, target);
  }

  /** Everything that is stored about a person, as a zip file. */
  async export(name: string): Promise<Uint8Array> {
    const stored = this.#storedName(name);
    return exportPerson({
      name: stored,
      person: this.#person(stored),
      kind: this.people.recogniser.kind,
      stored: await this.#recordOf(stored),
    });
  }

  /** Names of the people who have expired. */
  async expired(): Promise<string[]> {
    const records = await readRecords(this.folder);
    return records.filter(({ record }) => isExpired(record)).map(({ record }) => record.name);
  }

  /** Moves everything of one name to another, which may exist. */
  async #move(from: string, to: string): Promise<void> {
    const person = this.#person(from);
    const source = await this.#recordOf(from);
    const target = await this.#recordOf(to);
    if (source !== undefined && target === undefined) {
      await writeRecord(source.folder, renamedRecord(source.record, to));
    } else if (source !== undefined && target !== undefined) {
      await writeRecord(target.folder, mergedRecord(target.record, source.record));
      for (const { file } of source.record.pictures) {
        const picture = await readPicture(source, file);
        if (picture !== undefined) await writeFileAtomic(path.join(target.folder, file), picture);
      }
    }
    this.people.add(to, person?.features ?? [], person?.enrolled);
    await this.#save(to);
    await this.delete(from);
  }

  async #save(name: string): Promise<void> {
    const person = this.#person(name);
    if (person !== undefined) await savePerson(this.folder, person, this.people.recogniser.kind);
  }

  #person(name: string): Person | undefined {
    return this.people.list().find((one) => one.name === name);
  }

  async #recordOf(name: string): Promise<StoredRecord | undefined> {
    return (await readRecords(this.folder)).find(({ record }) => isNamed(record.name, name));
  }

  /**
   * @returns the name in the spelling that is stored.
   * @throws {MienError} `missing-file` if nobody has this name.
   */
  #storedName(name: string): string {
    const names = this.people.list().map((person) => person.name);
    const found = names.find((one) => isNamed(one, name));
    if (found !== undefined) return found;
    throw new MienError("missing-file", `nobody called "${name}" is enrolled`, {
      advice: names.length === 0 ? "Nobody is." : `Enrolled: ${names.join(", ")}.`,
    });
  }
}
