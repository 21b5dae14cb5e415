import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import { checkPersonName, MienError, toPersonName } from "@mien/format";
import {
  deletePerson,
  loadPeople,
  savePerson,
  type Box,
  type DamagedPerson,
  type People,
  type Picture,
} from "@mien/runtime";
import type { PeopleSummary } from "@mien/web";
import { zipSync } from "fflate";
import sharp from "sharp";
import { doubtsAbout } from "./enrolment-warnings.ts";
import { consentText } from "./consent.ts";
import { eraseName } from "./erase.ts";
import {
  consentsOf,
  readPicture,
  readRecords,
  writeRecord,
  type Consent,
  type PersonRecord,
  type StoredRecord,
} from "./person-record.ts";
import { isNamed } from "./same-name.ts";

/** A picture of a face that is to be stored. */
export interface Crop {
  readonly jpeg: Uint8Array;
  /** Of the face in it, in pixels. */
  readonly box: Box;
}

/** What erasing somebody changed. */
export interface Erased {
  /** Whether there was such a person. */
  readonly found: boolean;
  /** Files outside the folder of people that were deleted or rewritten. */
  readonly files: readonly string[];
}

const DAY = 86_400_000;
/** What is left of `NAME.person` when writing it was interrupted. */
const LEFTOVER = /\.person\.[0-9a-f]+\.tmp$/;

/**
 * The folder of people: for each the features that the runtime reads (`NAME.person`), and a folder
 * with a random name that holds the consent and the pictures.
 */
export class PersonStore {
  readonly folder: string;
  readonly people: People;
  /** Files that could not be used. */
  readonly damaged: readonly DamagedPerson[];
  #forgotten: readonly string[] = [];
  /** Of pictures that were described already, by their bytes. */
  readonly #described = new WeakMap<Uint8Array, Float32Array>();
  /** Where results that may name people lie. */
  readonly #results: readonly string[];

  private constructor(
    folder: string,
    people: People,
    results: readonly string[],
    damaged: readonly DamagedPerson[],
  ) {
    this.folder = folder;
    this.people = people;
    this.#results = results;
    this.damaged = damaged;
  }

  /**
   * Opens a folder, which need not exist, and deletes whoever's time is over.
   *
   * @param people empty; everybody in the folder is added.
   * @param results the folders under which commands write, to erase names from.
   */
  static async open(
    folder: string,
    people: People,
    results: readonly string[],
  ): Promise<PersonStore> {
    const damaged = await loadPeople(folder, people);
    const store = new PersonStore(folder, people, results, damaged);
    const expired = await store.expired();
    for (const name of expired) await store.delete(name);
    store.#forgotten = expired;
    return store;
  }

  /** Who was deleted when it was opened, since their time was over. */
  get forgotten(): readonly string[] {
    return this.#forgotten;
  }

  async summary(): Promise<PeopleSummary> {
    const records = await readRecords(this.folder);
    const { falseAccept, falseReject } = this.people.calibration();
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
   * Enrols a person who has agreed, or adds pictures to one who is enrolled.
   *
   * @param given when consent was given, ISO 8601.
   * @throws {MienError} `usage` for an impossible name or no picture.
   */
  async add(
    name: string,
    crops: readonly Crop[],
    consent: { readonly given: string; readonly keepDays: number },
  ): Promise<void> {
    const called = checkPersonName(name);
    if (crops.length === 0) throw new MienError("usage", `no picture of ${called} is left`);
    const features = await this.#describe(crops);
    const known = await this.#recordOf(called);
    const folder = known?.folder ?? path.join(this.folder, randomBytes(8).toString("hex"));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const added = crops.map((crop) => ({ ...crop, file: `${randomBytes(6).toString("hex")}.jpg` }));
    const { given, keepDays } = consent;
    const record: PersonRecord = {
      name: called,
      consent: { text: consentText(called, this.folder, keepDays), given },
      keepUntil: new Date(Date.parse(given) + keepDays * DAY).toISOString(),
      pictures: [
        ...(known?.record.pictures ?? []),
        ...added.map(({ file, box }) => ({ file, box })),
      ],
      ...(known === undefined ? {} : { otherConsents: consentsOf(known.record) }),
    };
    // First, so that no picture is ever there without consent and an end.
    await writeRecord(folder, record);
    for (const { file, jpeg } of added) await writeFileAtomic(path.join(folder, file), jpeg);
    this.people.add(called, features, given);
    await this.#save(called);
  }

  /** What speaks against taking these pictures for one person of that name, in sentences. */
  async doubts(name: string, crops: readonly Crop[]): Promise<string[]> {
    return doubtsAbout(name, await this.#describe(crops), this.people);
  }

  /** Deletes somebody, and the name from everything that was written. */
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

  /** @throws {MienError} `missing-file` if there is nobody of the old name, `conflict` if of the new. */
  async rename(given: string, to: string): Promise<void> {
    const called = checkPersonName(to);
    const from = this.#mustExist(given);
    if (called === from) return;
    if (this.people.list().some(({ name }) => name === called)) {
      throw new MienError("conflict", `${called} is enrolled already`, {
        advice: "Merge the two instead.",
      });
    }
    await this.#move(from, called);
  }

  /**
   * Makes the pictures of `one` pictures of `other`, when both are the same person. They are kept
   * no longer than was agreed to for either.
   */
  async merge(one: string, other: string): Promise<void> {
    const [from, into] = [this.#mustExist(one), this.#mustExist(other)];
    if (from === into) throw new MienError("usage", "a person cannot be merged with itself");
    await this.#move(from, into);
  }

  /** Everything that is stored of a person, as a zip file. */
  async export(given: string): Promise<Uint8Array> {
    const name = this.#mustExist(given);
    const person = this.people.list().find((one) => one.name === name);
    const files: Record<string, Uint8Array> = {
      "features.json": Buffer.from(
        JSON.stringify({
          name,
          enrolled: person?.enrolled,
          kind: this.people.recogniser.kind,
          features: person?.features.map((feature) => Array.from(feature)),
        }),
      ),
    };
    const stored = await this.#recordOf(name);
    if (stored !== undefined) {
      files["person.json"] = Buffer.from(JSON.stringify(stored.record, null, 2));
      for (const { file } of stored.record.pictures) {
        const picture = await readPicture(stored, file);
        if (picture !== undefined) files[`pictures/${path.basename(file)}`] = picture;
      }
    }
    return zipSync(files, { level: 0 });
  }

  /** Whose time is over. */
  async expired(): Promise<string[]> {
    return (await readRecords(this.folder))
      .filter(({ record }) => Date.parse(record.keepUntil) < Date.now())
      .map(({ record }) => record.name);
  }

  async #move(from: string, to: string): Promise<void> {
    const person = this.people.list().find(({ name }) => name === from);
    const source = await this.#recordOf(from);
    const target = await this.#recordOf(to);
    const renamed = (consent: Consent): Consent => ({
      ...consent,
      text: consent.text.replaceAll(`"${from}"`, `"${to}"`),
    });
    if (source !== undefined && target === undefined) {
      const { consent, otherConsents = [] } = source.record;
      await writeRecord(source.folder, {
        ...source.record,
        name: to,
        consent: renamed(consent),
        otherConsents: otherConsents.map(renamed),
      });
    } else if (source !== undefined && target !== undefined) {
      const [one, other] = [target.record, source.record];
      await writeRecord(target.folder, {
        ...one,
        otherConsents: [...(one.otherConsents ?? []), ...consentsOf(other).map(renamed)],
        keepUntil: new Date(
          Math.min(Date.parse(one.keepUntil), Date.parse(other.keepUntil)),
        ).toISOString(),
        pictures: [...one.pictures, ...other.pictures],
      });
      for (const { file } of other.pictures) {
        const picture = await readPicture(source, file);
        if (picture !== undefined) await writeFileAtomic(path.join(target.folder, file), picture);
      }
    }
    this.people.add(to, person?.features ?? [], person?.enrolled);
    await this.#save(to);
    await this.delete(from);
  }

  async #save(name: string): Promise<void> {
    const person = this.people.list().find((one) => one.name === name);
    if (person !== undefined) await savePerson(this.folder, person, this.people.recogniser.kind);
  }

  async #describe(crops: readonly Crop[]): Promise<Float32Array[]> {
    const features: Float32Array[] = [];
    for (const { jpeg, box } of crops) {
      let feature = this.#described.get(jpeg);
      if (feature === undefined) {
        const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
        const picture: Picture = { width: info.width, height: info.height, pixels: data };
        [feature] = await this.people.recogniser.describe(picture, [box]);
      }
      if (feature === undefined) continue;
      this.#described.set(jpeg, feature);
      features.push(feature);
    }
    return features;
  }

  async #recordOf(name: string): Promise<StoredRecord | undefined> {
    return (await readRecords(this.folder)).find(({ record }) => isNamed(record.name, name));
  }

  /** @returns the name in the spelling that is stored. */
  #mustExist(name: string): string {
    const names = this.people.list().map((person) => person.name);
    const found = names.find((one) => isNamed(one, name));
    if (found !== undefined) return found;
    throw new MienError("missing-file", `nobody called "${name}" is enrolled`, {
      advice: names.length === 0 ? "Nobody is." : `Enrolled: ${names.join(", ")}.`,
    });
  }
}
