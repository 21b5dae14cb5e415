import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { isMarkOfRunning, processMark } from "@mien/cli";
import { toPersonName } from "@mien/format";

/**
 * Commands that run for long, such as `app:live`, must learn at once that people were changed by another
 * command. In the folder of people, `.running/` has a folder for each such command, its letter box.
 * A command that has changed people puts a notice into each box and waits until it is gone: the
 * running command deletes the notice when it has read the people again.
 */
const RUNNING = ".running";
/** Time between two looks at whether a notice is answered, in ms. */
const LOOK_INTERVAL = 15;
/** Time after which an unanswered notice is left behind, in ms. */
const PATIENCE = 10_000;

/** The letter box of a running command. */
export interface LetterBox {
  /** Its folder. */
  readonly place: string;
  /** The notices that are not answered yet. */
  read(): Promise<readonly Notice[]>;
  /** Tells those who sent the notices that they were followed. */
  answer(notices: readonly Notice[]): Promise<void>;
  close(): Promise<void>;
}

/** The notice that people were changed. */
interface Notice {
  readonly file: string;
  /** `hashOfName` of the people who were deleted; the notice holds no name. */
  readonly deleted: readonly string[];
}

/** The SHA-256 of a name, the same for every spelling of it, in hexadecimal digits. */
export function hashOfName(name: string): string {
  return createHash("sha256").update(toPersonName(name)).digest("hex");
}

/** Opens a letter box in a folder of people, which is made if it is missing. */
export async function openLetterBox(people: string): Promise<LetterBox> {
  const place = path.join(people, RUNNING, `${processMark()}.${randomBytes(4).toString("hex")}`);
  const made = await mkdir(place, { recursive: true, mode: 0o700 });
  await deleteBoxesOfEnded(people);
  return {
    place,
    async read() {
      const names = await readdir(place).catch(() => []);
      const notices = names
        .filter((name) => name.endsWith(".json"))
        .map(async (name): Promise<Notice> => {
          const file = path.join(place, name);
          return { file, deleted: readHashes(await readFile(file, "utf8").catch(() => "")) };
        });
      return Promise.all(notices);
    },
    async answer(notices) {
      for (const { file } of notices) await rm(file, { force: true });
    },
    async close() {
      await rm(place, { recursive: true, force: true });
      await deleteIfEmpty(path.dirname(place));
      if (made !== undefined && path.resolve(made) !== path.resolve(place)) {
        await deleteIfEmpty(people);
      }
    },
  };
}

/**
 * Tells every running command that people were changed, and waits until each has answered or ended.
 *
 * @param options.deleted names of people who were deleted.
 * @param options.except the letter box of this command.
 * @returns the ids of the processes that did not answer within 10 seconds.
 */
export async function notifyRunning(
  people: string,
  options: { readonly deleted: readonly string[]; readonly except: string | undefined },
): Promise<number[]> {
  await deleteBoxesOfEnded(people);
  const content = JSON.stringify(options.deleted.map(hashOfName));
  const waiting = new Map<string, string>();
  for (const box of await boxesIn(people)) {
    if (path.resolve(box) === path.resolve(options.except ?? "")) continue;
    const notice = path.join(box, `${randomBytes(4).toString("hex")}.json`);
    try {
      // Renamed, so that nobody reads half a notice.
      await writeFile(`${notice}.new`, content, { mode: 0o600 });
      await rename(`${notice}.new`, notice);
      waiting.set(box, path.basename(notice));
    } catch {
      // The command has ended and deleted its box.
    }
  }
  const end = performance.now() + PATIENCE;
  while (waiting.size > 0 && performance.now() < end) {
    for (const [box, notice] of waiting) {
      const left = await readdir(box).catch((): string[] => []);
      if (!left.includes(notice) || !isMarkOfRunning(markOf(box))) waiting.delete(box);
    }
    if (waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
  }
  return [...waiting.keys()].map((box) => Number(markOf(box).split("-")[0]));
}

/** Whether any command has an open letter box in a folder of people. */
export async function isAnyRunning(people: string): Promise<boolean> {
  return (await boxesIn(people)).some((box) => isMarkOfRunning(markOf(box)));
}

async function boxesIn(people: string): Promise<string[]> {
  const folder = path.join(people, RUNNING);
  return (await readdir(folder).catch(() => [])).map((name) => path.join(folder, name));
}

async function deleteBoxesOfEnded(people: string): Promise<void> {
  for (const box of await boxesIn(people)) {
    if (!isMarkOfRunning(markOf(box))) await rm(box, { recursive: true, force: true });
  }
  await deleteIfEmpty(path.join(people, RUNNING));
}

function markOf(box: string): string {
  return path.basename(box).split(".")[0] ?? "";
}

/** Deletes a folder unless it has entries or is missing. */
async function deleteIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

function readHashes(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value)
      ? value.filter((one): one is string => typeof one === "string")
      : [];
  } catch {
    return [];
  }
}
