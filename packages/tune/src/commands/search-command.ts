import { mkdir } from "node:fs/promises";
import path from "node:path";
import {
  counted,
  csvOption,
  defineCommand,
  formatPercent,
  shellQuote,
  writeJson,
  type Terminal,
} from "@mien/cli";
import {
  chooseSplit,
  CLASSES_DETAILS,
  classesOption,
  describeSplit,
  findPictures,
  identifyDataset,
  loadWithProgress,
  skipBadRowsOption,
  splitOptions,
} from "@mien/data";
import { MienError, mergeClasses, toFolderName } from "@mien/format";
import { trainingCode } from "@mien/train";
import {
  findPlace,
  openStudy,
  placeFlags,
  placeOptions,
  STUDY_FILES,
  TUNE_FOLDER,
} from "../study-place.ts";
import type { Status, Trial } from "../optuna/optuna-protocol.ts";
import { runStudyTrial } from "../trial/run-study-trial.ts";
import { checkSame, PRUNERS, splitOf, type Settings } from "../study-settings.ts";
import { hyperparametersOf, loadSpace, type Space } from "../search-space.ts";
import { trialTable } from "../trial/trial-table.ts";
import { work } from "../trial/worker-loop.ts";

export const searchCommand = defineCommand({
  name: "search",
  summary: "Search for better hyperparameters, or continue an interrupted search",
  details:
    "Samples hyperparameters from a space with Optuna's TPE and trains each sample (a trial) for a few epochs on a share of the training split.  " +
    "Each trial is evaluated on other images of the training split, on which no trial is trained; PublicTest and PrivateTest are not used. " +
    "With --split, these are the training split of that division, and the validation and test splits are not used.\n" +
    `${CLASSES_DETAILS}\n` +
    `Writes ${TUNE_FOLDER}/<study>/: the journal of the study, and ${STUDY_FILES.best}, the best hyperparameters for train:fit --config.\n` +
    "The same command again continues until the requested number of trials is complete or pruned; failed trials do not count. " +
    "Any number of tune:worker processes can help.\n" +
    "Search spaces:\n" +
    "  default     Learning rate, regularisation, augmentation, network size and optimiser\n" +
    "  study-case  The six hyperparameters of the study case",
  examples: [
    "npx nx run tune:search --trials 50",
    "npx nx run tune:search --space study-case --trials 50",
    "npx nx run tune:search --csv artifacts/data/synth.csv --trials 5 --epochs 2",
    "npx nx run tune:search --study big --storage postgresql://user:password@host/mien",
  ],
  options: {
    csv: csvOption,
    ...splitOptions,
    classes: classesOption,
    ...placeOptions,
    study: { ...placeOptions.study, defaultText: "<data set>-<space>[-<split>]" },
    trials: {
      type: "integer",
      description:
        "Total number of complete and pruned trials, including the trials of earlier commands",
      unit: "trials",
      group: "search",
      default: 50,
      min: 1,
      max: 1_000_000,
    },
    space: {
      type: "string",
      placeholder: "NAME|FILE",
      description: "Search space: its name (see above), or a JSON file",
      group: "search",
      default: "default",
    },
    pruner: {
      type: "string",
      description: "Pruner, which ends unpromising trials early",
      group: "search",
      default: "hyperband",
      choices: PRUNERS,
    },
    epochs: {
      type: "integer",
      description: "Passes of each trial over its training images; pruned trials make fewer",
      unit: "epochs",
      group: "trial",
      default: 6,
      min: 1,
      max: 100_000,
    },
    subset: {
      type: "number",
      description: "Share of the training images of each class that a trial uses",
      unit: "share",
      group: "trial",
      default: 0.25,
      min: 0.001,
      max: 1,
    },
    timeout: {
      type: "number",
      unit: "minutes",
      description: "Time after which the search stops; the same command continues it",
      defaultText: "no limit",
      group: "search",
      min: 0.01,
      // Timers take at most 2³¹ milliseconds.
      max: 35_000,
    },
    seed: {
      type: "integer",
      description: "Random seed of the sampler and of the trainings",
      unit: null,
      group: "search",
      default: 1,
      min: 0,
      max: 2 ** 31 - 1,
    },
    skipBadRows: skipBadRowsOption,
  },
  async run(values, { terminal, signal }) {
    const { split, ...division } = chooseSplit(values);
    const space = await loadSpace(values.space);
    const { skipBadRows } = values;
    const identity = await identifyDataset({ csv: values.csv, signal, terminal });
    const { manifest, sha256 } = identity;
    const { text: classGroups } = mergeClasses(values.classes, manifest.classes, {
      what: "--classes",
    });
    const { splitSeed = 1, fold } = division;
    const own = {
      split,
      splitSeed,
      ...(fold !== undefined && { fold }),
      splitTogether: "near-copies",
    } as const;
    const suffix =
      split === "official" ? "" : `-${describeSplit(own).replaceAll(/[^\da-z]+/g, "-")}`;
    const name = values.study ?? toFolderName(`${manifest.name}-${space.name}${suffix}`);
    const place = await findPlace(values, name);
    const settings: Settings = {
      data: { name: manifest.name, sha256, skipBadRows },
      ...(split !== "official" && { split: own }),
      ...(classGroups !== "" && { classGroups }),
      space,
      pruner: values.pruner,
      epochs: values.epochs,
      subset: values.subset,
      seed: values.seed,
      code: await trainingCode(),
    };
    await mkdir(place.folder, { recursive: true });
    const { bridge, ...study } = await openStudy(place, {
      new: { name, settings },
      worker: 0,
      onComplaint: (line) => terminal.warn(`python: ${line}`),
    });
    try {
      checkSame(study.study, study.settings, settings);
      if (study.settings.code !== settings.code) {
        terminal.warn(
          "the training code has changed since the study began; the study continues nevertheless.",
        );
      }
      await bridge.call("aim", { trials: values.trials });
      terminal.say(
        `data  ${identity.path} (${manifest.name}, SHA-256 ${sha256.slice(0, 12)}…)\n` +
          `study ${study.study} in ${place.folder}: space ${space.name} (${Object.keys(space.parameters).join(", ")}), ${values.pruner} pruner, Optuna ${bridge.versions.optuna}`,
      );
      let status: Status | undefined;
      const first = await bridge.call("status", {});
      if (first.counts.complete + first.counts.pruned < values.trials) {
        // Parsing the data here puts it into the cache for every trial.
        const { set } = await loadWithProgress(
          { csv: identity.path, skipBadRows, signal },
          terminal,
        );
        if (split !== "official") {
          terminal.say(`split ${describeSplit(own)}; searching copies and near-copies`);
          await findPictures(set);
        }
        sayEarlier(terminal, first);
      }
      const table = trialTable(terminal, { epochs: values.epochs });
      table.status(first);
      let written: number | undefined;
      const keepBest = async (now: Status) => {
        status = now;
        table.status(now);
        if (now.best === null || now.best.number === written) return;
        written = now.best.number;
        await writeJson(bestFile, hyperparametersOf(space, now.best.params));
      };
      const bestFile = path.join(place.folder, STUDY_FILES.best);
      const timeUp =
        values.timeout === undefined
          ? undefined
          : AbortSignal.timeout(Math.round(60_000 * values.timeout));
      const done = await work({
        bridge,
        epochs: values.epochs,
        signal: AbortSignal.any(timeUp ? [signal, timeUp] : [signal]),
        run: runStudyTrial({ settings, csv: identity.path, folder: place.folder }),
        onStart: table.started,
        onProgress: table.progress,
        onStatus: keepBest,
      }).finally(() => table.stop());
      const { counts, best } = status as unknown as Status;
      const states = ["complete", "pruned", "failed", "interrupted"] as const;
      const soFar = states
        .filter((state) => state !== "interrupted" || counts.interrupted > 0)
        .map((state) => `${counts[state]} ${state}`)
        .join(", ");
      if (signal.aborted) {
        throw new MienError("interrupted", `${soFar} of ${counted(values.trials, "trial")}`, {
          advice: "Repeat the command to continue; it restarts the trial that was running.",
        });
      }
      terminal.say(
        `${done ? "done" : "the time is up"}: ${soFar}${done ? "" : ` of ${counted(values.trials, "trial")}; repeat the command to continue`}`,
      );
      if (best) {
        reportBest(terminal, space, best);
        terminal.wrote(bestFile, "the best settings");
        const flags = placeFlags(values, study.study);
        terminal.next(
          `npx nx run tune:report ${flags}`,
          "to see the results of the study, with plots",
        );
        terminal.next(
          `npx nx run train:fit --config ${shellQuote(bestFile)}${flagsOf(settings)}`,
          "to train with the best settings",
        );
      }
      return { study: study.study, folder: place.folder, done, counts, best, bestFile };
    } finally {
      await bridge.close();
    }
  },
});

/** The flags of train:fit for the splits and the classes of a study. */
function flagsOf(settings: Settings): string {
  const { split, splitSeed, fold } = splitOf(settings);
  const { classGroups } = settings;
  const classes = classGroups === undefined ? "" : ` --classes ${shellQuote(classGroups)}`;
  if (split === "official") return classes;
  return `${classes} --split ${split} --split-seed ${splitSeed}${fold === undefined ? "" : ` --fold ${fold}`}`;
}

function sayEarlier(terminal: Terminal, { counts, best }: Status): void {
  const earlier = counts.complete + counts.pruned;
  if (earlier === 0) return;
  const value = best?.value ? `, the best with ${formatPercent(best.value)}` : "";
  terminal.say(`continuing after ${counted(earlier, "trial")}${value}`);
}

/** The best trial's settings as a table. */
function reportBest(terminal: Terminal, space: Space, best: Trial): void {
  terminal.say(`the best is trial ${best.number} with ${formatPercent(best.value ?? 0)}`);
  terminal.table(
    ["hyperparameter", "value"],
    Object.entries(hyperparametersOf(space, best.params)).map(([name, value]) => [
      name,
      typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value),
    ]),
  );
}
