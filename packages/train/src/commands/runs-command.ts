import { existsSync } from "node:fs";
import {
  counted,
  defineCommand,
  FOLDERS,
  formatSeconds,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import { itemAt, splitChoiceOf, type RunConfig } from "@mien/format";
import { resolveConfig } from "../config.ts";
import { count, percent } from "../report/numbers.ts";
import { listRuns, type ListedRun } from "../run/list-runs.ts";
import { mlflowRunOf } from "../run/mlflow-run.ts";
import { checkMlflowStore, writeMlflowRun } from "../run/mlflow-store.ts";
import { differencesOf } from "../run/run-differences.ts";

/** The orders of the list. Runs without the value come last; equal runs keep the order by date. */
const ORDERS = {
  date: () => 0,
  accuracy: (a: ListedRun, b: ListedRun) => accuracyOf(b) - accuracyOf(a),
  name: (a: ListedRun, b: ListedRun) =>
    a.name.localeCompare(b.name, "en", { numeric: true, sensitivity: "base" }),
  cost: (a: ListedRun, b: ListedRun) => b.seconds - a.seconds,
} as const;

/** What the settings of a run are compared with. */
interface Compared {
  readonly run: ListedRun;
  /** Name of the run with which it is compared; undefined for the defaults. */
  readonly with: string | undefined;
  /** The value of each setting that differs. */
  readonly settings: Readonly<Record<string, string>>;
}

export const runsCommand = defineCommand({
  name: "runs",
  summary: "List the training runs with their settings, accuracy and cost",
  details:
    "Lists the runs in a folder: state, data set, accuracy on the validation split with its 95 % interval, macro-F1, parameters, day of the start, time of all epochs, and settings. " +
    "Shows of the newest run the settings that differ from the defaults, and of each other run those that differ from the newest run.\n" +
    "With --mlflow, also writes the listed runs as a file store of MLflow: settings as parameters, learning curves and final metrics as metrics, and the small files of the run folder as artifacts. A repetition updates the runs in it.",
  examples: [
    "npx nx run train:runs",
    "npx nx run train:runs fer2013 --sort accuracy",
    "npx nx run train:runs --mlflow artifacts/mlflow",
  ],
  positional: {
    name: "TEXT",
    description: "Text in the names of the runs to list",
    defaultText: "all runs",
  },
  options: {
    runs: {
      type: "string",
      placeholder: "DIR",
      description: "Folder that holds the run folders",
      default: FOLDERS.runs,
    },
    sort: {
      type: "string",
      choices: ["date", "accuracy", "name", "cost"],
      description: "Order: newest, most accurate, by name, or longest training first",
      default: "date",
    },
    mlflow: {
      type: "string",
      placeholder: "DIR",
      description: "Also write the listed runs into this folder, as a file store of MLflow",
    },
  },
  async run({ runs: folder, sort, mlflow }, { terminal, positionals }) {
    const text = positionals[0] ?? "";
    if (mlflow !== undefined) await checkMlflowStore(mlflow);
    const isUnused = folder === FOLDERS.runs && !existsSync(folder);
    const all = isUnused ? { runs: [], damaged: [] } : await listRuns(folder);
    const isListed = ({ name }: { readonly name: string }) => name.includes(text);
    const damaged = all.damaged.filter(isListed);
    const newestFirst = all.runs.filter(isListed);
    const runs = newestFirst.toSorted(ORDERS[sort]);
    const compared = runs.map((run) => compareSettings(run, newestFirst));
    if (runs.length > 0) {
      terminal.table(HEAD, compared.map(rowOf));
      terminal.say(explainSettings(newestFirst));
    } else if (all.runs.length > 0) {
      terminal.say(
        `none of the ${counted(all.runs.length, "run")} in ${folder} has "${text}" in its name`,
      );
    } else {
      terminal.say(`there are no training runs in ${folder}`);
    }
    for (const run of damaged) terminal.warn(`${run.folder} is left out: ${run.reason}`);
    if (mlflow !== undefined && runs.length > 0) await writeStore(mlflow, runs, terminal);
    printNextStep(terminal, runs, all.runs.length);
    return { folder, runs: compared.map(resultOf), damaged };
  },
});

const HEAD = [
  "run",
  "state",
  "data",
  "accuracy",
  "95 % interval",
  "macro-F1",
  "parameters",
  "started",
  "time",
  "settings",
];

function rowOf({ run, with: other, settings }: Compared): (string | number)[] {
  const { name, state, history, epochs, config, metrics, parameters, started, seconds } = run;
  const progress = `${history.length} of ${epochs} epochs`;
  const states = {
    finished: "finished",
    training: `training, ${progress}`,
    unfinished: `resumable, ${progress}`,
  };
  const differences = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  const interval = metrics?.validation.accuracyInterval.map((bound) => percent(bound, 1));
  return [
    name,
    states[state],
    config.data.name,
    percent(metrics?.validation.accuracy),
    interval?.join(" – ") ?? "–",
    percent(metrics?.validation.macroF1),
    parameters === undefined ? "–" : count(parameters),
    localDay(started),
    formatSeconds(seconds),
    differences.join(", ") || (other === undefined ? "defaults" : `as ${other}`),
  ];
}

/** The day in local time: `2026-11-28`. */
function localDay(date: Date): string {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
}

/** Accuracy on validation; below 0 for a run without metrics. */
function accuracyOf({ metrics }: ListedRun): number {
  return metrics?.validation.accuracy ?? -1;
}

/** The settings of a run that differ from the newest run, or from the defaults if it is the newest. */
function compareSettings(run: ListedRun, newestFirst: readonly ListedRun[]): Compared {
  const newest = itemAt(newestFirst, 0);
  const { config } = run;
  const isNewest = run === newest;
  const before = isNewest ? withDefaults(config) : newest.config;
  const isOtherSet = config.data.name !== before.data.name;
  // Classes and image size belong to the data set, which has a column of its own.
  const ofData = ["classes", "input", ...(isOtherSet ? ["data"] : [])];
  const differences = differencesOf(before, config).filter(({ name }) => !ofData.includes(name));
  return {
    run,
    with: isNewest ? undefined : newest.name,
    settings: Object.fromEntries(differences.map(({ name, now }) => [name, now])),
  };
}

/** The configuration of a run on the same data with the default settings. */
function withDefaults(run: RunConfig): RunConfig {
  const { splitSeed, fold, splitTogether, corrections, ...config } = run;
  return { ...config, split: "official", seed: 1, hyperparameters: resolveConfig({}) };
}

function explainSettings([newest, ...others]: readonly ListedRun[]): string {
  return others.length === 0
    ? "settings: those that differ from the defaults"
    : `settings: of ${newest?.name}, the newest run, those that differ from the defaults; of the others, those that differ from ${newest?.name}`;
}

async function writeStore(
  store: string,
  runs: readonly ListedRun[],
  terminal: Terminal,
): Promise<void> {
  for (const run of runs) await writeMlflowRun(store, mlflowRunOf(run));
  terminal.wrote(store, `${counted(runs.length, "run")} for MLflow`);
  // Since version 3.13, MLflow reads a file store only if the first variable is set. Without the
  // second one, it sends usage data to its makers.
  terminal.next(
    `MLFLOW_ALLOW_FILE_STORE=true MLFLOW_DISABLE_TELEMETRY=true mlflow ui --backend-store-uri ${shellQuote(store)}`,
    "show them in MLflow (pip install mlflow)",
  );
}

function printNextStep(terminal: Terminal, runs: readonly ListedRun[], all: number): void {
  if (all === 0) {
    terminal.next("npx nx run train:fit", "train a first run");
    return;
  }
  const finished = runs.filter(({ metrics }) => metrics !== undefined);
  // Only runs that were evaluated on the same images can be compared.
  const imagesOf = (run: ListedRun | undefined) =>
    run && JSON.stringify([run.config.data.sha256, splitChoiceOf(run.config)]);
  const [first, second] = finished.filter((run) => imagesOf(run) === imagesOf(finished[0]));
  if (first === undefined || second === undefined) return;
  terminal.next(
    `npx nx run train:compare ${shellQuote(first.folder)} ${shellQuote(second.folder)}`,
    "test whether the first two differ by more than chance",
  );
}

/** A run in the result of --json; keys with an unknown value are null. */
function resultOf({ run, with: comparedWith = "defaults", settings }: Compared) {
  const { name, folder, state, process, history, epochs, config, metrics } = run;
  const { accuracy, accuracyInterval, macroF1 } = metrics?.validation ?? {};
  return {
    name,
    folder,
    state,
    process: process ?? null,
    epochs: { finished: history.length, all: epochs },
    data: { name: config.data.name, sha256: config.data.sha256 },
    validation: metrics === undefined ? null : { accuracy, accuracyInterval, macroF1 },
    parameters: run.parameters ?? null,
    started: run.started.toISOString(),
    seconds: run.seconds,
    settings: { comparedWith, differences: settings },
  };
}
