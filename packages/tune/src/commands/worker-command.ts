import { mkdir } from "node:fs/promises";
import { counted, csvOption, defineCommand } from "@mien/cli";
import { identifyDataset, loadWithProgress } from "@mien/data";
import { MienError } from "@mien/format";
import { trainingCode } from "@mien/train";
import { findPlace, openStudy, placeFlags, placeOptions } from "../study-place.ts";
import type { Status } from "../optuna/optuna-protocol.ts";
import { runStudyTrial } from "../trial/run-study-trial.ts";
import { trialTable } from "../trial/trial-table.ts";
import { work } from "../trial/worker-loop.ts";

export const workerCommand = defineCommand({
  name: "worker",
  summary: "Run trials of a study that tune:search has started, here or on another machine",
  details:
    "Runs trials until the requested number is reached. The study holds the space and all settings; the data set must be the same, which is checked by its SHA-256. " +
    "A worker may be stopped at any time: another worker repeats its trial.",
  examples: [
    "npx nx run tune:worker",
    "npx nx run tune:worker --study big --storage postgresql://user:password@host/mien",
  ],
  options: { csv: csvOption, ...placeOptions },
  async run(values, { terminal, signal }) {
    const place = await findPlace(values);
    const { bridge, study, settings, target } = await openStudy(place, {
      worker: 1 + Math.floor(Math.random() * 2 ** 20),
      onComplaint: (line) => terminal.warn(`python: ${line}`),
    });
    try {
      const { data, epochs } = settings;
      const identity = await identifyDataset({ csv: values.csv, signal, terminal });
      if (identity.sha256 !== data.sha256) {
        throw new MienError(
          "mismatch",
          `the study ${study} uses ${data.name}, SHA-256 ${data.sha256.slice(0, 12)}…; ${identity.path} has ${identity.sha256.slice(0, 12)}…`,
          { advice: "Name the same data set with --csv." },
        );
      }
      if (settings.code !== (await trainingCode())) {
        terminal.warn("the training code here differs from the code with which the study began.");
      }
      const { skipBadRows } = data;
      await loadWithProgress({ csv: identity.path, skipBadRows, signal }, terminal);
      terminal.say(
        `study ${study}: space ${settings.space.name}, ${counted(target, "trial")} in all`,
      );
      await mkdir(place.folder, { recursive: true });
      const table = trialTable(terminal, { epochs });
      let status: Status | undefined;
      const done = await work({
        bridge,
        epochs,
        signal,
        run: runStudyTrial({ settings, csv: identity.path, folder: place.folder }),
        onStart: table.started,
        onProgress: table.progress,
        onStatus: (now) => table.status((status = now)),
      }).finally(() => table.stop());
      if (!done) {
        throw new MienError("interrupted", "the trial that was running is returned to the study", {
          advice: "Repeat the command to run further trials.",
        });
      }
      terminal.say("all trials of the study are done");
      terminal.next(
        `npx nx run tune:report ${placeFlags(values, study)}`,
        "to see the results of the study",
      );
      return { study, counts: status?.counts, best: status?.best };
    } finally {
      await bridge.close();
    }
  },
});
