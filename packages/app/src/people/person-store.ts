import { checkPersonName, MienError, toPersonName } from "@mien/format";
import type { DamagedPerson, People } from "@mien/runtime";
import type { PeopleSummary } from "@mien/web";
import { CropFeatures, type Crop } from "./crop-features.ts";
import { enrolmentWarnings } from "./enrolment-warnings.ts";
import { PersonEntries, type GivenConsent } from "./person-entries.ts";
import { exportPerson } from "./person-export.ts";
import { readPicture, readRecords } from "./person-record.ts";
import { ResultFolders } from "./result-folders.ts";
import { isExpired } from "./retention.ts";
import { isAnyRunning } from "./running-commands.ts";
import { SharedPeople, type PeopleListener } from "./shared-people.ts";

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
 * The folder of people, with what is stored about each person, see `PersonEntries`. Several commands
 * may use one folder at the same time, see `SharedPeople`.
 */
export class PersonStore {
  readonly #shared: SharedPeople;
  readonly #features: CropFeatures;
  readonly #entries: PersonEntries;
  readonly #results: ResultFolders;
  #deleted: readonly string[] = [];

  private constructor(shared: SharedPeople, results: readonly string[]) {
    this.#shared = shared;
    this.#features = new CropFeatures(shared.people.recogniser);
    this.#entries = new PersonEntries(shared, this.#features);
    this.#results = new ResultFolders(shared.folder, results);
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
    await store.#results.deleteLeftOvers();
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
    if (await this.#results.isKnown(folder)) return;
    await this.#shared.locked(() => this.#results.remember(folder));
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
   * @throws {MienError} `usage` for an invalid name or no picture; `conflict` if the person was deleted
   * after the consent was given.
   */
  async add(name: string, crops: readonly Crop[], consent: GivenConsent): Promise<void> {
    const called = checkPersonName(name);
    if (crops.length === 0) throw new MienError("usage", `no picture of ${called} is left`);
    const features = await this.#features.of(crops);
    await this.#shared.change(async () => {
      if (this.#shared.wasDeletedSince(called, Date.parse(consent.given))) {
        throw new MienError("conflict", `${called} was deleted after the consent was given`, {
          advice: "Nothing was stored. Ask for consent again.",
        });
      }
      await this.#entries.add(called, { crops, features }, consent);
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
      const found = await this.#shared.inTurn(() => this.#entries.remove(called));
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
      const stored = this.#entries.storedName(from);
      if (name !== stored && this.#entries.person(name) !== undefined) {
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
      const [stored, target] = [this.#entries.storedName(from), this.#entries.storedName(into)];
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
      const stored = this.#entries.storedName(name);
      const zip = await exportPerson({
        name: stored,
        person: this.#entries.person(stored),
        kind: this.people.recogniser.kind,
        stored: await this.#entries.recordOf(stored),
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
    const stored = await this.#entries.recordOf(this.#entries.storedName(name));
    return (stored?.record.pictures ?? []).map(({ file }) => file);
  }

  /** A picture of a person, as JPEG. @throws {MienError} `missing-file` if there is none. */
  async picture(name: string, file: string): Promise<Buffer> {
    const stored = await this.#entries.recordOf(this.#entries.storedName(name));
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
      await this.#entries.removePicture(name, file);
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
        await this.#entries.move(from, to);
        return from;
      });
      if (from !== undefined) await this.#forgetEverywhere(from, { isRenamed: true });
    });
  }

  /** Makes running commands forget a name, and erases it in recorded results. */
  async #forgetEverywhere(
    name: string,
    { isRenamed = false } = {},
  ): Promise<Omit<Erased, "found">> {
    const unanswered = await this.#shared.notify(isRenamed ? [] : [name]);
    const files = await this.#results.erase(name);
    // A running command may have recorded results before it enrols the next person.
    if (this.people.size === 0 && !(await isAnyRunning(this.folder))) {
      await this.#results.forget();
    }
    return { files, unanswered };
  }
}
