import { stat } from "node:fs/promises";
import type { Terminal } from "@mien/cli";
import { MienError } from "@mien/format";
import { People } from "@mien/runtime";
import { expectedErrors } from "./expected-errors.ts";
import { PersonStore } from "./person-store.ts";
import {
  DEFAULT_RECOGNISER,
  openRecogniser,
  type RecogniserName,
  type RecogniserOptions,
} from "./recognisers.ts";

/** Which people are opened, and how they are recognised. */
export interface PeopleChoice extends RecogniserOptions {
  /** The folder of the enrolled people; it need not exist unless `required`. */
  readonly folder: string;
  /** Default `DEFAULT_RECOGNISER`. */
  readonly recogniser?: RecogniserName;
  /** Folders of recorded results, from which names of deleted people are erased. Default artifacts. */
  readonly results?: readonly string[];
  /** Whether it is an error that nobody can be recognised. Default false. */
  readonly required?: boolean;
}

const ENROL = { advice: "Enrol somebody with `npx nx run app:acquire`." };

/**
 * Opens the enrolled people, deletes those who have expired, and prints what the user should know:
 * files that cannot be used, and who was deleted. The caller closes `people.recogniser`.
 *
 * @throws {MienError} `missing-file` if somebody is required and nobody can be recognised;
 * `missing-file` or `bad-model` if the recogniser cannot be used.
 */
export async function openPeople(choice: PeopleChoice, terminal: Terminal): Promise<PersonStore> {
  const { folder, recogniser = DEFAULT_RECOGNISER, results = ["artifacts"] } = choice;
  const { required = false, threads, background } = choice;
  if (required && !(await isFolder(folder))) {
    throw new MienError("missing-file", `no folder of people at ${folder}`, ENROL);
  }
  const people = new People(await openRecogniser(recogniser, { threads, background }));
  try {
    const store = await PersonStore.open(folder, people, results);
    for (const { error } of store.damaged) terminal.warn(error.message);
    for (const name of store.deleted) terminal.say(`deleted ${name}, who had expired`);
    if (required && people.size === 0) {
      throw new MienError("missing-file", `nobody in ${folder} can be recognised`, ENROL);
    }
    return store;
  } catch (error) {
    await people.recogniser.close();
    throw error;
  }
}

/** Prints who is recognised, and the expected errors. */
export function sayWhoIsRecognised({ folder, people }: PersonStore, terminal: Terminal): void {
  const names = people.list().map(({ name }) => name);
  terminal.say(
    names.length === 0
      ? "recognition is off: nobody is enrolled"
      : `people ${folder}: ${names.join(", ")}; ${expectedErrors(people.thresholdEstimate())}`,
  );
}

async function isFolder(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
}
