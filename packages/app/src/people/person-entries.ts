import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "@mien/cli";
import { MienError } from "@mien/format";
import { deletePerson, savePerson, type People, type Person } from "@mien/runtime";
import { consentText } from "./consent.ts";
import type { Crop, CropFeatures } from "./crop-features.ts";
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
import { expiryOf } from "./retention.ts";
import { isNamed } from "./same-name.ts";
import type { SharedPeople } from "./shared-people.ts";

/** When a person consented, and for how long. */
export interface GivenConsent {
  /** When consent was given, ISO 8601. */
  readonly given: string;
  /** How long the person is stored, in days. */
  readonly keepDays: number;
}

/**
 * The entries of people, one for each person: the features in memory and in `NAME.person`, and a
 * folder with a random name for the consent and the pictures. Entries may only be changed in the work
 * of `SharedPeople.change` or `SharedPeople.inTurn`.
 */
export class PersonEntries {
  readonly #shared: SharedPeople;
  readonly #features: CropFeatures;

  constructor(shared: SharedPeople, features: CropFeatures) {
    this.#shared = shared;
    this.#features = features;
  }

  get #folder(): string {
    return this.#shared.folder;
  }

  get #people(): People {
    return this.#shared.people;
  }

  /**
   * @returns the name in the spelling that is stored.
   * @throws {MienError} `missing-file` if nobody has this name.
   */
  storedName(name: string): string {
    const names = this.#people.list().map((person) => person.name);
    const found = names.find((one) => isNamed(one, name));
    if (found !== undefined) return found;
    throw new MienError("missing-file", `nobody called "${name}" is enrolled`, {
      advice: names.length === 0 ? "Nobody is." : `Enrolled: ${names.join(", ")}.`,
    });
  }

  /** The person with a name in the spelling that is stored. */
  person(name: string): Person | undefined {
    return this.#people.list().find((one) => one.name === name);
  }

  /** The record of the person with a name, in any spelling. */
  async recordOf(name: string): Promise<StoredRecord | undefined> {
    return (await readRecords(this.#folder)).find(({ record }) => isNamed(record.name, name));
  }

  /**
   * Adds pictures to a person, who need not have an entry yet.
   *
   * @param pictures.features the features of the crops.
   */
  async add(
    name: string,
    pictures: { readonly crops: readonly Crop[]; readonly features: readonly Float32Array[] },
    { given, keepDays }: GivenConsent,
  ): Promise<void> {
    const known = await this.recordOf(name);
    const folder = known?.folder ?? this.#newFolder();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const added = pictures.crops.map((crop) => ({
      ...crop,
      file: `${randomBytes(6).toString("hex")}.jpg`,
    }));
    const record: PersonRecord = {
      name,
      consent: { text: consentText(name, this.#folder, keepDays), given },
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
    this.#people.add(name, pictures.features, given);
    await this.#save(name);
  }

  /**
   * Moves everything of one name to another, which may exist.
   *
   * @throws {MienError} `conflict` without a record of consent.
   */
  async move(from: string, to: string): Promise<void> {
    const person = this.person(from);
    const source = await this.recordOf(from);
    if (source === undefined) throw withoutConsent(from);
    const target = await this.recordOf(to);
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
    this.#people.add(to, person?.features ?? [], person?.enrolled);
    await this.#save(to);
    await this.remove(from);
  }

  /**
   * Removes a person from memory and from the folder.
   *
   * @returns whether there was such a person.
   */
  async remove(name: string): Promise<boolean> {
    const { wasKnown, told } = this.#shared.forget(name);
    // Its error is thrown below; until then it must not count as unhandled.
    told.catch(() => undefined);
    // If this is interrupted, the next command deletes the record, because the person has no file.
    let found = await deletePerson(this.#folder, name);
    for (const { folder, record } of await readRecords(this.#folder)) {
      if (!isNamed(record.name, name)) continue;
      await rm(folder, { recursive: true, force: true });
      found = true;
    }
    await told;
    return wasKnown || found;
  }

  /**
   * Deletes one picture of a person, and computes the features anew from those that are left.
   *
   * @throws {MienError} `missing-file` if there is no such picture, `usage` if it is the last one.
   */
  async removePicture(name: string, file: string): Promise<void> {
    const person = this.person(this.storedName(name));
    const stored = person && (await this.recordOf(person.name));
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
    this.#people.remove(person.name);
    this.#people.add(person.name, features, person.enrolled);
    await this.#save(person.name);
  }

  #newFolder(): string {
    return path.join(this.#folder, randomBytes(8).toString("hex"));
  }

  /** @throws {MienError} `conflict` without a record of consent. */
  async #save(name: string): Promise<void> {
    const person = this.person(name);
    if (person === undefined) return;
    if ((await this.recordOf(name)) === undefined) throw withoutConsent(name);
    await savePerson(this.#folder, person, this.#people.recogniser.kind);
  }
}

function withoutConsent(name: string): MienError {
  return new MienError("conflict", `there is no record of the consent of ${name}`, {
    advice: "Delete this person, or enrol them again with their consent.",
  });
}
