import path from "node:path";
import {
  counted,
  csvOption,
  defineCommand,
  formatPercent,
  shellQuote,
  writeFileAtomic,
  type Terminal,
} from "@mien/cli";
import { loadWithProgress } from "@mien/data";
import { MienError } from "@mien/format";
import { findPlace, openStudy, placeOptions, STUDY_FILES } from "../study-place.ts";
import { drawCurves, drawHistory } from "../report/history-charts.ts";
import { drawParallel } from "../report/parallel-chart.ts";
import { drawImportance, drawSlices } from "../report/parameter-charts.ts";
import { valued } from "../report/valued-trials.ts";
import { compare, type Comparison } from "../report/compare-settings.ts";
import { mean } from "../report/gain.ts";
import { renderPage, trialCount, validationOf } from "../report/tune-page.ts";
import { hyperparametersOf } from "../search-space.ts";
import { splitOf } from "../study-settings.ts";

export const reportCommand = defineCommand({
  name: "report",
  summary: "Report the results of a study, and compare its best settings with the defaults",
  details:
    "Writes a page of plots into the folder of the study: history, learning curves, importance, parallel coordinates and slices.\n" +
    "Also trains the best settings and the default settings of train:fit with the budget of a trial, with several seeds each, and evaluates both on PublicTest (or the validation split of the study), which no trial has used. " +
    "These trainings are stored, and later reports use them again.",
  examples: [
    "npx nx run tune:report",
    "npx nx run tune:report --study fer2013-default --seeds 5",
    "npx nx run tune:report --seeds 0",
  ],
  options: {
    csv: csvOption,
    ...placeOptions,
    seeds: {
      type: "integer",
      description:
        "Seeds for training each configuration of the comparison; 0 skips the comparison",
      unit: "seeds",
      default: 3,
      min: 0,
      max: 100,
    },
  },
  async run(values, { terminal, signal }) {
    const place = await findPlace(values);
    const { folder } = place;
    const { bridge, study, settings } = await openStudy(place, {
      worker: 1,
      onComplaint: (line) => terminal.warn(`python: ${line}`),
    });
    const { data, space, epochs, subset } = settings;
    try {
      const trials = await bridge.call("trials", {});
      const best = await bridge.call("best", {});
      if (best === null) {
        throw new MienError("bad-data", `the study ${study} has no complete trial yet`, {
          advice: "Continue it with `npx nx run tune:search`.",
        });
      }
      terminal.say(`study ${study} in ${folder}: ${trialCount(trials)}`);
      const importance = await bridge.call("importance", {});
      const random = await bridge.call("randomSearch", { trials: valued(trials).length });

      let comparison: Comparison | null = null;
      if (values.seeds > 0) {
        const { csv } = values;
        const { skipBadRows } = data;
        const dataset = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
        if (dataset.sha256 !== data.sha256) {
          throw new MienError("mismatch", `${dataset.path} is not the study's data set`, {
            advice: "Name the study's data set with --csv, or skip the comparison with --seeds 0.",
          });
        }
        comparison = await compare({
          dataset,
          trial: best.number,
          hyperparameters: hyperparametersOf(space, best.params),
          budget: { epochs, subset },
          split: splitOf(settings),
          classGroups: settings.classGroups ?? "",
          seeds: values.seeds,
          folder: path.join(folder, "comparison"),
          terminal,
          signal,
        });
      }

      const pictures = [
        drawHistory(trials, random),
        drawCurves(trials),
        ...(importance ? [drawImportance(importance)] : []),
        drawParallel(trials, space),
        ...drawSlices(trials, space),
      ];
      const randomSearch = random !== null;
      const report = { study, settings, trials, best, importance, comparison, randomSearch };
      const page = path.join(folder, STUDY_FILES.report);
      for (const { name, png } of pictures) {
        await writeFileAtomic(path.join(folder, "plots", `${name}.png`), png.light);
      }
      await writeFileAtomic(page, renderPage(report, pictures));

      terminal.say(`the best is trial ${best.number} with ${formatPercent(best.value ?? 0)}`);
      if (importance) {
        terminal.table(
          ["parameter", "importance"],
          importance.map(([name, share]) => [name, formatPercent(share, 1)]),
        );
      }
      if (comparison) sayComparison(terminal, comparison, validationOf(settings));
      terminal.wrote(page, `the report, with ${pictures.length} plots in ${folder}/plots`);
      const config = path.join(folder, STUDY_FILES.best);
      terminal.next(
        `npx nx run train:fit --config ${shellQuote(config)}`,
        "to train with the best settings",
      );
      const { contestants, ...gain } = comparison ?? { contestants: [] };
      return {
        study,
        report: page,
        best,
        importance,
        randomSearch: random,
        comparison: comparison && {
          ...gain,
          accuracies: Object.fromEntries(
            contestants.map(({ name, runs }) => [
              name,
              runs.map(({ metrics }) => metrics.validation.accuracy),
            ]),
          ),
        },
        trials,
      };
    } finally {
      await bridge.close();
    }
  },
});

function sayComparison(terminal: Terminal, comparison: Comparison, validation: string): void {
  const { contestants, gain, interval, images } = comparison;
  terminal.table(
    [`on ${counted(images, "image")} of ${validation}`, "accuracy", "of each seed"],
    contestants.map(({ name, runs }) => {
      const accuracies = runs.map(({ metrics }) => metrics.validation.accuracy);
      const each = accuracies.map((accuracy) => formatPercent(accuracy)).join(", ");
      return [name, formatPercent(mean(accuracies)), each];
    }),
  );
  const points = (difference: number) =>
    `${difference < 0 ? "−" : "+"}${Math.abs(100 * difference).toFixed(2)}`;
  terminal.say(
    `gain  ${points(gain)} points, 95 % interval ${points(interval[0])} to ${points(interval[1])}`,
  );
}
