import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { deleteLeftOvers, writeFileAtomic } from "@mien/cli";
import { checkPersonName, MienError, toPersonName } from "@mien/format";
import {
  deletePerson,
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
import {
  addResultFolder,
  deleteResultFolders,
  isInside,
  readResultFolders,
} from "./people-folder.ts";
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
import { isAnyRunning } from "./running-commands.ts";
import { isNamed } from "./same-name.ts";
import { SharedPeople, type PeopleListener } from "./shared-people.ts";

/** The folder of results in which every command erases deleted people. */
const DEFAULT_RESULTS = "artifacts";

/** What the deletion of a person changed. */
export interface Erased {
  /** Whether such a person was enrolled. */
  readonly found: boolean;
  /** Files outside the folder of people that were deleted or rewritten. */
  readonly files: readonly string[];
  /** Ids of running processes that did not confirm that they forgot the person. */
  readonly unanswered: readonly number[];
}

/**
 * The folder of people. For each person it holds the features that the runtime reads
 * (`NAME.person`), and a folder with a random name for the consent and the pictures. Several commands
 * may use one folder at the same time, see `SharedPeople`.
 */
export class PersonStore {
  readonly #shared: SharedPeople;
  readonly #features: CropFeatures;
  readonly #results: readonly string[];
  #deleted: readonly string[] = [];

  private constructor(shared: SharedPeople, results: readonly string[]) {
    this.#shared = shared;
    this.#features = new CropFeatures(shared.people.recogniser);
    this.#results = results;
  }

  /**
   * Opens a folder, which need not exist, and deletes everybody who has expired, and what killed
   * commands left behind.
   *
   * @param people empty; everybody in the folder is added.
   * @param results folders of recorded results, from which names of deleted people are erased.
   */
  static async open(
    folder: string,
    people: People,
    results: readonly string[],
  ): Promise<PersonStore> {
    const store = new PersonStore(await SharedPeople.open(folder, people), results);
    for (const root of results) await deleteLeftOvers(root);
    const expired = await store.expired();
    for (const name of expired) await store.delete(name);
    store.#deleted = expired;
    return store;
  }

  get folder(): string {
    return this.#shared.folder;
  }

  get people(): People {
    return this.#shared.people;
  }

  /** Files that cannot be used. */
  get damaged(): readonly DamagedPerson[] {
    return this.#shared.damaged;
  }

  /** Names of the people who had expired, and were deleted when the folder was opened. */
  get deleted(): readonly string[] {
    return this.#deleted;
  }

  /**
   * Follows the changes that other commands make, until `close`. Other commands wait for the listener
   * before they end. It is called for changes of this store, too.
   */
  watch(listener: PeopleListener): Promise<void> {
    return this.#shared.watch(listener);
  }

  /** Ends `watch`. */
  close(): Promise<void> {
    return this.#shared.close();
  }

  /** Does some work during which people do not change; it must not change them itself. */
  withoutChanges<Type>(work: () => Promise<Type>): Promise<Type> {
    return this.#shared.withoutChanges(work);
  }

  /**
   * Remembers that results with names are written to a folder outside `artifacts/`, so that every
   * command erases deleted people there, too.
   */
  async rememberResults(folder: string): Promise<void> {
    const place = path.resolve(folder);
    if (isInside(place, DEFAULT_RESULTS)) return;
    if ((await readResultFolders(this.folder)).some((one) => isInside(place, one))) return;
    await this.#shared.locked(async () => addResultFolder(this.folder, place));
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
   * @throws {MienError} `usage` for an invalid name or no picture; `conflict` if the person was deleted
   * after the consent was given.
   */
  async add(
    name: string,
    crops: readonly Crop[],
    consent: { readonly given: string; readonly keepDays: number },
  ): Promise<void> {
    const called = checkPersonName(name);
    if (crops.length === 0) throw new MienError("usage", `no picture of ${called} is left`);
    const features = await this.#features.of(crops);
    await this.#shared.change(async () => {
      if (this.#shared.wasDeletedSince(called, Date.parse(consent.given))) {
        throw new MienError("conflict", `${called} was deleted after the consent was given`, {
          advice: "Nothing was stored. Ask for consent again.",
        });
      }
      const known = await this.#recordOf(called);
      const folder = known?.folder ?? this.#newFolder();
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const added = crops.map((crop) => ({
        ...crop,
        file: `${randomBytes(6).toString("hex")}.jpg`,
      }));
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
      await this.#shared.tell([]);
    });
    await this.#shared.notify([]);
  }

  /** Reasons why these pictures may show the wrong person, in sentences. */
  async warningsAbout(name: string, crops: readonly Crop[]): Promise<string[]> {
    return enrolmentWarnings(name, await this.#features.of(crops), this.people);
  }

  /**
   * Deletes a person, and the name in all recorded results. Commands that `watch` the folder have
   * forgotten the person when this ends.
   */
  delete(name: string): Promise<Erased> {
    const called = toPersonName(name);
    return this.#shared.locked(async () => {
      const found = await this.#shared.inTurn(() => this.#remove(called));
      return { found, ...(await this.#forgetEverywhere(called)) };
    });
  }

  /**
   * Renames a person.
   *
   * @throws {MienError} `missing-file` if nobody has the old name, `conflict` if somebody has the
   * new name, `usage` if the new name is invalid.
   */
  async rename(from: string, to: string): Promise<void> {
    const name = checkPersonName(to);
    await this.#move(() => {
      const stored = this.#storedName(from);
      if (name !== stored && this.#person(name) !== undefined) {
        throw new MienError("conflict", `${name} is enrolled already`, {
          advice: "Merge the two instead.",
        });
      }
      return [stored, name];
    });
  }

  /**
   * Merges two entries of the same person. The pictures are stored until the earlier of the two
   * expiry dates.
   *
   * @throws {MienError} `missing-file` if nobody has one of the names, `usage` if they are the same.
   */
  async merge(from: string, into: string): Promise<void> {
    await this.#move(() => {
      const [stored, target] = [this.#storedName(from), this.#storedName(into)];
      if (stored === target) throw new MienError("usage", "a person cannot be merged with itself");
      return [stored, target];
    });
  }

  /**
   * Everything that is stored about a person, as a zip file.
   *
   * @param use what is done with it before anybody can delete the person. Default: nothing.
   */
  export(
    name: string,
    use: (zip: Uint8Array) => Promise<void> = () => Promise.resolve(),
  ): Promise<Uint8Array> {
    return this.#shared.change(async () => {
      const stored = this.#storedName(name);
      const zip = await exportPerson({
        name: stored,
        person: this.#person(stored),
        kind: this.people.recogniser.kind,
        stored: await this.#recordOf(stored),
      });
      await use(zip);
      return zip;
    });
  }

  /**
   * The names of the files of a person's pictures, in the order in which they were taken.
   *
   * @throws {MienError} `missing-file` if nobody has this name.
   */
  async pictures(name: string): Promise<string[]> {
    const stored = await this.#recordOf(this.#storedName(name));
    return (stored?.record.pictures ?? []).map(({ file }) => file);
  }

  /** A picture of a person, as JPEG. @throws {MienError} `missing-file` if there is none. */
  async picture(name: string, file: string): Promise<Buffer> {
    const stored = await this.#recordOf(this.#storedName(name));
    const isTheirs = stored?.record.pictures.some((one) => one.file === file);
    const picture = stored && isTheirs ? await readPicture(stored, file) : undefined;
    if (picture !== undefined) return picture;
    throw new MienError("missing-file", `there is no such picture of ${name}`);
  }

  /**
   * Deletes one picture of a person, and computes the features anew from those that are left.
   *
   * @throws {MienError} `missing-file` if there is no such picture, `usage` if it is the last one.
   */
  async removePicture(name: string, file: string): Promise<void> {
    await this.#shared.change(async () => {
      const person = this.#person(this.#storedName(name));
      const stored = person && (await this.#recordOf(person.name));
      const left = stored?.record.pictures.filter((one) => one.file !== file) ?? [];
      if (!person || !stored || left.length === stored.record.pictures.length) {
        throw new MienError("missing-file", `there is no such picture of ${name}`);
      }
      const crops: Crop[] = [];
      for (const { file: other, box } of left) {
        const jpeg = await readPicture(stored, other);
        if (jpeg !== undefined) crops.push({ jpeg, box });
      }
      const features = await this.#features.of(crops);
      if (features.length === 0) {
        throw new MienError("usage", `this is the last picture of ${person.name}`, {
          advice: "Delete the person instead.",
        });
      }
      await rm(path.join(stored.folder, path.basename(file)), { force: true });
      await writeRecord(stored.folder, { ...stored.record, pictures: left });
      this.people.remove(person.name);
      this.people.add(person.name, features, person.enrolled);
      await this.#save(person.name);
      await this.#shared.tell([]);
    });
    await this.#shared.notify([]);
  }

  /** Names of the people who have expired. */
  async expired(): Promise<string[]> {
    const records = await readRecords(this.folder);
    return records.filter(({ record }) => isExpired(record)).map(({ record }) => record.name);
  }

  /**
   * Moves everything of one name to another, which may exist.
   *
   * @param names checks the two names, after the folder was read again.
   */
  async #move(names: () => readonly [from: string, to: string]): Promise<void> {
    await this.#shared.locked(async () => {
      const from = await this.#shared.inTurn(async () => {
        const [from, to] = names();
        if (from === to) return undefined;
        const person = this.#person(from);
        const source = await this.#recordOf(from);
        if (source === undefined) throw withoutConsent(from);
        const target = await this.#recordOf(to);
        const folder = target?.folder ?? this.#newFolder();
        // A copy, since a killed command leaves either the old entry behind, or both.
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const record =
          target === undefined
            ? renamedRecord(source.record, to)
            : mergedRecord(target.record, source.record);
        await writeRecord(folder, record);
        for (const { file } of source.record.pictures) {
          const picture = await readPicture(source, file);
          if (picture !== undefined) await writeFileAtomic(path.join(folder, file), picture);
        }
        this.people.add(to, person?.features ?? [], person?.enrolled);
        await this.#save(to);
        await this.#remove(from);
        return from;
      });
      if (from !== undefined) await this.#forgetEverywhere(from, { isRenamed: true });
    });
  }

  /**
   * Removes a person from memory and from the folder.
   *
   * @returns whether there was such a person.
   */
  async #remove(name: string): Promise<boolean> {
    const { wasKnown, told } = this.#shared.forget(name);
    // Its error is thrown below; until then it must not count as unhandled.
    told.catch(() => undefined);
    // If this is interrupted, the next command deletes the record, because the person has no file.
    let found = await deletePerson(this.folder, name);
    for (const { folder, record } of await readRecords(this.folder)) {
      if (!isNamed(record.name, name)) continue;
      await rm(folder, { recursive: true, force: true });
      found = true;
    }
    await told;
    return wasKnown || found;
  }

  /** Makes running commands forget a name, and erases it in recorded results. */
  async #forgetEverywhere(
    name: string,
    { isRenamed = false } = {},
  ): Promise<Omit<Erased, "found">> {
    const unanswered = await this.#shared.notify(isRenamed ? [] : [name]);
    const files = new Set<string>();
    for (const root of [...this.#results, ...(await readResultFolders(this.folder))]) {
      await deleteLeftOvers(root);
      for (const file of await eraseName(root, name, this.folder)) files.add(file);
    }
    // A running command may have recorded results before it enrols the next person.
    if (this.people.size === 0 && !(await isAnyRunning(this.folder))) {
      await deleteResultFolders(this.folder);
    }
    return { files: [...files], unanswered };
  }

  #newFolder(): string {
    return path.join(this.folder, randomBytes(8).toString("hex"));
  }

  /** @throws {MienError} `conflict` without a record of consent. */
  async #save(name: string): Promise<void> {
    const person = this.#person(name);
    if (person === undefined) return;
    if ((await this.#recordOf(name)) === undefined) throw withoutConsent(name);
    await savePerson(this.folder, person, this.people.recogniser.kind);
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

function withoutConsent(name: string): MienError {
  return new MienError("conflict", `there is no record of the consent of ${name}`, {
    advice: "Delete this person, or enrol them again with their consent.",
  });
}
