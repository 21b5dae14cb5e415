import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { STUDY_FILES } from "../study-place.ts";
import { runTrial, type Outcome, type TrialContext } from "./run-trial.ts";
import { splitOf, type Settings } from "../study-settings.ts";
import { configOf } from "../search-space.ts";
import type { Asked } from "./worker-loop.ts";

/**
 * Makes the function with which a worker runs a trial, that is, trains on the study's data.
 *
 * @param given.csv path of the data set on this machine.
 * @param given.folder the study's folder on this machine.
 */
export function runStudyTrial(given: {
  readonly settings: Settings;
  readonly csv: string;
  readonly folder: string;
}): (trial: Asked, context: TrialContext) => Promise<Outcome> {
  const { settings, csv, folder } = given;
  const { data, space, epochs, subset, seed } = settings;
  const folderOf = (number: number) => path.join(folder, STUDY_FILES.trials, String(number));
  return async ({ number, params, retryOf }, context) => {
    // Removes the files of a killed worker.
    if (retryOf !== null) await rm(folderOf(retryOf), { recursive: true, force: true });
    // A study uses each number once, so an existing folder belongs to an earlier study.
    await rm(folderOf(number), { recursive: true, force: true });
    await mkdir(folderOf(number), { recursive: true });
    const config = configOf(space, params, { epochs, subset });
    const { sha256, skipBadRows } = data;
    const split = splitOf(settings);
    const { classGroups = "" } = settings;
    const request = {
      ...{ csv, sha256, skipBadRows, split, classGroups, config, seed },
      folder: folderOf(number),
    };
    return runTrial(request, context);
  };
}
