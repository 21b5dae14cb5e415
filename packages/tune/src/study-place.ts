import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { type Options, type OptionValues, outOption, shellQuote } from "@mien/cli";
import { checkFolderName, MienError, withoutSecrets } from "@mien/format";
import { BridgeRefusal, openBridge, type Bridge } from "./optuna/optuna-bridge.ts";
import type { Result, StorePlace } from "./optuna/optuna-protocol.ts";
import type { Settings } from "./study-settings.ts";

/** Default folder of studies; each has a folder in it. */
export const TUNE_FOLDER = "artifacts/tune";

/** The files of a study's folder. */
export const STUDY_FILES = {
  /** Optuna's journal, if the study is not in a database. */
  journal: "journal.log",
  /** The best trial's hyperparameters, as `train:fit --config` takes them. */
  best: "best.json",
  /** Folders of running trials. */
  trials: "trials",
  report: "report.html",
} as const;

/** The flags that select a study. */
export const placeOptions = {
  study: {
    type: "string",
    placeholder: "NAME",
    description: "Name of the study",
    defaultText: `the newest study in ${TUNE_FOLDER}`,
    group: "study",
  },
  out: {
    ...outOption("Folder of the study"),
    defaultText: `${TUNE_FOLDER}/<study>`,
    group: "study",
  },
  storage: {
    type: "string",
    placeholder: "URL",
    description:
      "PostgreSQL database of the study (postgresql://…), for workers on several machines",
    defaultText: "a journal in the folder of the study",
    group: "study",
  },
  heartbeat: {
    type: "number",
    unit: "seconds",
    description: "With --storage: time between heartbeats; a trial that misses three is repeated",
    group: "study",
    default: 20,
    min: 0.1,
    max: 3600,
  },
} as const satisfies Options;

/** The name, the folder and the store of a study. The name is null if the store has only one study. */
export interface Place {
  readonly name: string | null;
  readonly folder: string;
  readonly store: StorePlace;
}

/**
 * Finds the study that the flags select.
 *
 * @param newName the name of a new study without `--study`; undefined if the study must exist.
 * @throws {MienError} `usage` for an invalid storage or name, `missing-file` if there is no study.
 */
export async function findPlace(
  flags: OptionValues<typeof placeOptions>,
  newName?: string,
): Promise<Place> {
  const { study, storage, heartbeat } = flags;
  if (study !== undefined) checkFolderName(study, "--study");
  if (storage !== undefined) {
    checkStorage(storage);
    const name = study ?? newName;
    if (name === undefined) {
      throw new MienError("usage", "with --storage, --study must name the study");
    }
    const folder = flags.out ?? path.join(TUNE_FOLDER, name);
    return { name, folder, store: { url: storage, heartbeat } };
  }
  const name = study ?? newName;
  const folder =
    flags.out ?? (name === undefined ? await newestStudy() : path.join(TUNE_FOLDER, name));
  return {
    name: study ?? null,
    folder,
    store: { journal: path.join(folder, STUDY_FILES.journal) },
  };
}

function checkStorage(storage: string): void {
  if (/^postgres(ql)?:\/\//.test(storage)) return;
  throw new MienError("usage", "--storage must be the URL of a PostgreSQL database", {
    advice:
      "For example postgresql://user:password@host/database. " +
      "Without --storage, the study is a file for the processes of this machine.",
  });
}

async function newestStudy(): Promise<string> {
  const names = await readdir(TUNE_FOLDER).catch(() => []);
  const studies = await Promise.all(
    names.map(async (name) => {
      const stats = await stat(path.join(TUNE_FOLDER, name, STUDY_FILES.journal)).catch(() => null);
      return { name, time: stats?.mtimeMs ?? 0 };
    }),
  );
  const newest = studies.filter(({ time }) => time > 0).sort((a, b) => b.time - a.time)[0];
  if (newest) return path.join(TUNE_FOLDER, newest.name);
  throw new MienError("missing-file", `there is no study in ${TUNE_FOLDER}/`, {
    advice: "Begin one with `npx nx run tune:search`, or name its folder with --out.",
  });
}

/**
 * Opens a study for a command.
 *
 * @param given.new creates the study if it does not exist; the study has this name if `place` has no
 * name.
 * @param given.worker 0 for the search itself, another number for each worker that joins it.
 * @throws {MienError} `missing-file` if there is no such study, `conflict` if another program made it,
 * `environment` if Python or the database cannot be reached; later calls of the bridge throw this too.
 */
export async function openStudy(
  place: Place,
  given: {
    readonly new?: { readonly name: string; readonly settings: Settings };
    readonly worker: number;
    readonly onComplaint: (line: string) => void;
  },
): Promise<{ bridge: Bridge } & Result<"create">> {
  const { name, store } = place;
  if ("journal" in store && given.new === undefined && !existsSync(store.journal)) {
    throw noStudy(place, "");
  }
  const opened = await openBridge({
    onComplaint: given.onComplaint,
    ...("url" in store ? { address: store.url } : {}),
  });
  const bridge: Bridge = {
    ...opened,
    call: (operation, request) =>
      opened.call(operation, request).catch((error: unknown) => {
        throw translate(error, place);
      }),
  };
  try {
    const request = { store, study: name, new: given.new ?? null, worker: given.worker };
    return { bridge, ...(await bridge.call("create", request)) };
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

function noStudy({ name, folder, store }: Place, others: string): MienError {
  const where = "url" in store ? "that database" : folder;
  const study = name === null ? "no study" : `no study "${name}"`;
  if (name === null && others !== "") {
    return new MienError("conflict", `there is more than one study in ${where}: ${others}`, {
      advice: "Name one with --study.",
    });
  }
  return new MienError("missing-file", `there is ${study} in ${where}`, {
    advice: others === "" ? "Begin one with `npx nx run tune:search`." : `There are: ${others}.`,
  });
}

/** Translates a refusal of Python into an error for the user. */
function translate(error: unknown, place: Place): unknown {
  if (!(error instanceof BridgeRefusal)) return error;
  if (error.kind === "no-study") return noStudy(place, error.message);
  if (error.kind === "foreign-study") {
    return new MienError("conflict", `the study "${error.message}" was not made by tune:search`, {
      advice: "Choose another name with --study.",
    });
  }
  // Any other failure is a bug and is shown with its stack.
  if (error.kind !== "failed") return error;
  const { store } = place;
  const where = "url" in store ? withoutSecrets(store.url) : store.journal;
  const problem = "url" in store ? withoutSecrets(error.message, store.url) : error.message;
  return new MienError(
    "environment",
    `the study at ${where} cannot be read or written: ${problem}`,
    {
      advice:
        "url" in store
          ? "Check that PostgreSQL runs there, and the user, password and database."
          : "If the file is damaged, move it away or choose another --study.",
    },
  );
}

/** The flags with which another command selects the same study. */
export function placeFlags(flags: OptionValues<typeof placeOptions>, study: string): string {
  const { out, storage } = flags;
  const words = out === undefined || storage !== undefined ? [`--study ${shellQuote(study)}`] : [];
  if (out !== undefined) words.push(`--out ${shellQuote(out)}`);
  if (storage !== undefined) words.push(`--storage ${shellQuote(withoutSecrets(storage))}`);
  return words.join(" ");
}
