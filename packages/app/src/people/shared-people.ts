import { rm } from "node:fs/promises";
import { loadPeople, People, type DamagedPerson, type Person } from "@mien/runtime";
import { watchFolders } from "./folder-watch.ts";
import { withLockedPeople } from "./lock-people.ts";
import { OneAtATime } from "./one-at-a-time.ts";
import { findLeftOvers, stateOfFiles } from "./people-folder.ts";
import { hashOfName, notifyRunning, openLetterBox, type LetterBox } from "./running-commands.ts";
import { isNamed } from "./same-name.ts";

/** People were enrolled, deleted, renamed or merged, by this command or by another one. */
export interface PeopleChange {
  /** Names that nobody has any more, because the person was deleted or renamed. */
  readonly gone: readonly string[];
  /** Whether a person of this name was deleted; the person need not have been enrolled. */
  isDeleted(name: string): boolean;
}

/**
 * Called after `People` has changed. When its promise is fulfilled, nothing of this command holds one
 * of the names that are gone, and nothing will show or write it again.
 */
export type PeopleListener = (change: PeopleChange) => Promise<void>;

/**
 * The people of a folder in memory, which several commands may use at the same time: a lock keeps
 * their changes apart, each change begins by reading the folder again, and commands that `watch` the
 * folder follow the changes of others before these commands end.
 */
export class SharedPeople {
  readonly folder: string;
  readonly people: People;
  /** Files that could not be used when the folder was opened. */
  readonly damaged: readonly DamagedPerson[];
  /** Changes of this command wait here for the lock. */
  readonly #changes = new OneAtATime();
  /** Keeps changes of memory and of the folder apart from the reading of the changes of others. */
  readonly #turns = new OneAtATime();
  /** When names were deleted or renamed while the folder was open, in ms since 1970, by `hashOfName`. */
  readonly #deletions = new Map<string, number>();
  #listener: PeopleListener = () => Promise.resolve();
  #box: LetterBox | undefined;
  #unwatch: (() => Promise<void>) | undefined;
  /** The files of people when they were last read, see `stateOfFiles`. */
  #state = "";

  private constructor(folder: string, people: People, damaged: readonly DamagedPerson[]) {
    this.folder = folder;
    this.people = people;
    this.damaged = damaged;
  }

  /**
   * Opens a folder, which need not exist, and deletes what killed commands left behind.
   *
   * @param people empty; everybody in the folder is added.
   */
  static async open(folder: string, people: People): Promise<SharedPeople> {
    const shared = new SharedPeople(folder, people, await loadPeople(folder, people));
    if ((await findLeftOvers(folder)).length > 0) {
      await shared.locked(async () => {
        for (const place of await findLeftOvers(folder)) {
          await rm(place, { recursive: true, force: true });
        }
      });
    }
    return shared;
  }

  /**
   * Follows the changes that other commands make, until `close`. Other commands wait for the listener
   * before they end. It is called for changes of this store, too.
   */
  async watch(listener: PeopleListener): Promise<void> {
    this.#listener = listener;
    // Without write access to the folder, changes are only seen, and nobody waits.
    this.#box = await openLetterBox(this.folder).catch(() => undefined);
    const places = [this.folder, ...(this.#box === undefined ? [] : [this.#box.place])];
    const look = () => this.#look();
    await look();
    this.#unwatch = watchFolders(places, look);
  }

  /** Ends `watch`. */
  async close(): Promise<void> {
    await this.#unwatch?.();
    await this.#box?.close();
  }

  /** Does some work during which people do not change; it must not change them itself. */
  withoutChanges<Type>(work: () => Promise<Type>): Promise<Type> {
    return this.#turns.run(work);
  }

  /** Does some work on the people as they are in the folder now, while nobody else changes them. */
  change<Type>(work: () => Promise<Type>): Promise<Type> {
    return this.locked(() => this.inTurn(work));
  }

  /** Does some work after the folder is read again, while this command does not follow others. */
  inTurn<Type>(work: () => Promise<Type>): Promise<Type> {
    return this.#turns.run(async () => {
      await this.#readAgain();
      return work();
    });
  }

  /** Does some work while nobody else changes people. */
  locked<Type>(work: () => Promise<Type>): Promise<Type> {
    return this.#changes.run(() => withLockedPeople(this.folder, work));
  }

  /** Removes a person from memory, and tells the listener. */
  forget(name: string): { readonly wasKnown: boolean; readonly told: Promise<void> } {
    const wasKnown = this.people.remove(name);
    this.#deletions.set(hashOfName(name), Date.now());
    return { wasKnown, told: this.tell([name]) };
  }

  /** Whether a person was deleted or renamed at this time or later, in ms since 1970. */
  wasDeletedSince(name: string, timeMs: number): boolean {
    return (this.#deletions.get(hashOfName(name)) ?? 0) >= timeMs;
  }

  /**
   * Tells the listener that people have changed.
   *
   * @param gone names that nobody has any more.
   * @param deleted `hashOfName` of people who were deleted.
   */
  tell(gone: readonly string[], deleted: ReadonlySet<string> = new Set()): Promise<void> {
    const isDeleted = (name: string) =>
      gone.some((one) => isNamed(one, name)) || deleted.has(hashOfName(name));
    return this.#listener({ gone, isDeleted });
  }

  /**
   * Waits until other commands have followed a change.
   *
   * @param deleted names of people who were deleted.
   * @returns ids of processes that did not confirm it.
   */
  notify(deleted: readonly string[]): Promise<number[]> {
    return notifyRunning(this.folder, { deleted, except: this.#box?.place });
  }

  /** Follows the changes of other commands. */
  async #look(): Promise<void> {
    const notices = (await this.#box?.read()) ?? [];
    if (notices.length === 0 && this.#state === (await stateOfFiles(this.folder))) return;
    const deleted = new Set(notices.flatMap((notice) => notice.deleted));
    for (const hash of deleted) this.#deletions.set(hash, Date.now());
    await this.#turns.run(() => this.#readAgain(deleted));
    await this.#box?.answer(notices);
  }

  /**
   * Reads the folder again, and tells the listener what has changed.
   *
   * @param deleted `hashOfName` of people who were deleted.
   */
  async #readAgain(deleted: ReadonlySet<string> = new Set()): Promise<void> {
    const state = await stateOfFiles(this.folder);
    const stored = new People(this.people.recogniser);
    await loadPeople(this.folder, stored);
    this.#state = state;
    const before = this.people.list();
    const after = stored.list();
    const gone = before.map(({ name }) => name).filter((name) => !stored.has(name));
    const hasChanged =
      before.length !== after.length ||
      after.some((person) => !before.some((one) => isSamePerson(one, person)));
    if (hasChanged) {
      for (const { name } of before) this.people.remove(name);
      for (const { name, features, enrolled } of after) this.people.add(name, features, enrolled);
    }
    if (hasChanged || deleted.size > 0) await this.tell(gone, deleted);
  }
}

function isSamePerson(one: Person, other: Person): boolean {
  return (
    one.name === other.name &&
    one.enrolled === other.enrolled &&
    one.features.length === other.features.length &&
    one.features.every((feature, i) => {
      const same = other.features[i];
      return same?.length === feature.length && feature.every((value, k) => value === same[k]);
    })
  );
}
