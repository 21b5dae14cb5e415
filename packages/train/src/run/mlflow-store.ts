import { createHash, randomBytes } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { cannotWrite, writeFileAtomic } from "@mien/cli";
import { MienError } from "@mien/format";

/** A value of a metric. */
export interface MlflowPoint {
  /** The epoch. */
  readonly step: number;
  /** In ms since 1970. */
  readonly time: number;
  readonly value: number;
}

/** A run as MLflow stores it. */
export interface MlflowRun {
  /** Name of the experiment. */
  readonly experiment: string;
  readonly name: string;
  /** A text that identifies the run; the same text gives the same id. */
  readonly key: string;
  readonly status: keyof typeof STATUS;
  /** In ms since 1970. */
  readonly start: number;
  /** In ms since 1970; absent while the run is running. */
  readonly end?: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, readonly MlflowPoint[]>>;
  readonly tags: Readonly<Record<string, string>>;
  /** Paths of files that are copied. */
  readonly artifacts: readonly string[];
}

/** The numbers of MLflow's protocol for the state of a run. */
const STATUS = { RUNNING: 1, FINISHED: 3, KILLED: 5 } as const;
/** The number of MLflow's protocol for a run that was not made on a server. */
const LOCAL_SOURCE = 4;
const META = "meta.yaml";

/**
 * Checks that a folder is missing, is empty or is a file store of MLflow.
 *
 * @throws {MienError} `conflict` if it holds anything else.
 */
export async function checkMlflowStore(store: string): Promise<void> {
  const names = existsSync(store) ? await readdir(store) : [];
  const isOurs = (name: string) =>
    // MLflow makes .trash, and models for its registry. An experiment has no meta.yaml yet if its
    // writing was interrupted.
    name.startsWith(".") || name === "models" || /^\d+$/.test(name) || isExperiment(store, name);
  const other = names.find((name) => !isOurs(name));
  if (other === undefined) return;
  throw new MienError(
    "conflict",
    `expected a file store of MLflow or an empty folder at ${store}, found ${other} in it, which is no experiment of MLflow`,
    { advice: "Name a new folder with --mlflow; nothing was written." },
  );
}

/**
 * Writes a run into a file store of MLflow, completely or not at all, and makes the store and the
 * experiment if they are missing. A run with the same key is replaced; the tags that a user added to
 * it are kept.
 *
 * @param store a folder that `checkMlflowStore` has accepted.
 * @returns the folder of the run in the store.
 * @throws {MienError} `environment` if it cannot be written, `conflict` if the experiment was deleted
 * in MLflow.
 * @see https://github.com/mlflow/mlflow/blob/master/mlflow/store/tracking/file_store.py
 */
export async function writeMlflowRun(store: string, run: MlflowRun): Promise<string> {
  const experiment = await prepareExperiment(store, run.experiment);
  const id = hashOf(run.key).slice(0, 32);
  const place = path.join(store, experiment, id);
  const aside = `${place}.${randomBytes(4).toString("hex")}.tmp`;
  const meta = {
    artifact_uri: uriOf(path.join(place, "artifacts")),
    deleted_time: null,
    end_time: run.end === undefined ? null : Math.round(run.end),
    entry_point_name: "",
    experiment_id: experiment,
    lifecycle_stage: "active",
    run_id: id,
    run_name: run.name,
    run_uuid: id,
    source_name: "",
    source_type: LOCAL_SOURCE,
    source_version: "",
    start_time: Math.round(run.start),
    status: STATUS[run.status],
    user_id: "mien",
  };
  try {
    await writeContent(aside, run, path.join(place, "tags"));
    // MLflow ignores a folder without meta.yaml, so this file is deleted first and written last.
    await rm(path.join(place, META), { force: true });
    await rm(place, { recursive: true, force: true });
    await rename(aside, place);
    await writeFileAtomic(path.join(place, META), yaml(meta));
  } catch (error) {
    await rm(aside, { recursive: true, force: true }).catch(() => undefined);
    throw cannotWrite(place, error);
  }
  return place;
}

/** Writes everything of a run except its meta.yaml. */
async function writeContent(folder: string, run: MlflowRun, earlierTags: string): Promise<void> {
  for (const name of ["artifacts", "metrics", "params", "tags"]) {
    await mkdir(path.join(folder, name), { recursive: true });
  }
  if (existsSync(earlierTags))
    await cp(earlierTags, path.join(folder, "tags"), { recursive: true });
  const metrics = Object.entries(run.metrics).filter(([, points]) => points.length > 0);
  const files = [
    ...metrics.map(([name, points]) => [
      path.join("metrics", fileName(name)),
      points.map(({ time, value, step }) => `${Math.round(time)} ${value} ${step}\n`).join(""),
    ]),
    ...Object.entries(run.params).map(([name, value]) => [
      path.join("params", fileName(name)),
      String(value),
    ]),
    ...Object.entries({ ...run.tags, "mlflow.runName": run.name }).map(([name, value]) => [
      path.join("tags", name),
      value,
    ]),
  ] as const;
  for (const [name = "", content = ""] of files) {
    await writeFile(path.join(folder, name), content);
  }
  for (const file of run.artifacts) {
    const copy = path.join(folder, "artifacts", path.basename(file));
    await copyFile(file, copy, constants.COPYFILE_FICLONE);
  }
}

/**
 * Finds the experiment with a name, or makes it.
 *
 * @returns its id: a number, as MLflow's databases need, which follows from the name.
 */
async function prepareExperiment(store: string, name: string): Promise<string> {
  const id = String(BigInt(`0x${hashOf(name).slice(0, 16)}`) % 10n ** 18n);
  if (isExperiment(store, id)) return id;
  const other = await experimentNamed(store, name);
  if (other !== undefined) return other;
  if (existsSync(path.join(store, ".trash", id))) {
    throw new MienError("conflict", `the experiment ${name} was deleted from ${store} in MLflow`, {
      advice: "Restore it with `mlflow experiments restore`, or name a new folder with --mlflow.",
    });
  }
  const now = Date.now();
  const meta = {
    artifact_location: uriOf(path.join(store, id)),
    creation_time: now,
    experiment_id: id,
    last_update_time: now,
    lifecycle_stage: "active",
    name,
  };
  // Without this tag, MLflow's page begins with what it shows of language models.
  const kind = path.join(store, id, "tags", "mlflow.experimentKind");
  await writeFileAtomic(kind, "custom_model_development");
  await writeFileAtomic(path.join(store, id, META), yaml(meta));
  return id;
}

/** The id of an experiment that MLflow itself made with this name. */
async function experimentNamed(store: string, name: string): Promise<string | undefined> {
  const ids = existsSync(store) ? await readdir(store) : [];
  for (const id of ids.filter((id) => isExperiment(store, id))) {
    const meta = await readFile(path.join(store, id, META), "utf8");
    const written = /^name: (["']?)(.*)\1$/m.exec(meta)?.[2];
    if (written === name) return id;
  }
  return undefined;
}

function isExperiment(store: string, name: string): boolean {
  return existsSync(path.join(store, name, META));
}

/** A name that is a file name and that MLflow accepts. */
function fileName(name: string): string {
  return name.replace(/[^\w-]/g, "_");
}

function uriOf(file: string): string {
  return pathToFileURL(path.resolve(file)).href;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A YAML mapping; YAML 1.1 has the strings of JSON, if characters beyond ASCII are escaped. */
function yaml(values: Readonly<Record<string, string | number | null>>): string {
  const lines = Object.entries(values).map(([key, value]) => {
    const text = JSON.stringify(value).replace(/[^\x20-\x7e]/gu, (letter) => {
      const code = letter.codePointAt(0) ?? 0;
      return `\\U${code.toString(16).padStart(8, "0")}`;
    });
    return `${key}: ${text}\n`;
  });
  return lines.join("");
}
