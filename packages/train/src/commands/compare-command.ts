import path from "node:path";
import { defineCommand, findRun, outOption, shellQuote, writeFileAtomic } from "@mien/cli";
import { itemAt } from "@mien/format";
import { compareRuns, comparisonName } from "../score/compare-runs.ts";
import { percent } from "../report/numbers.ts";
import { formatProbability, renderComparison, verdict } from "../report/comparison-page.ts";

/** The folder of all comparisons, unless `--out` names another one. */
const FOLDER = "artifacts/compare";

export const compareCommand = defineCommand({
  name: "compare",
  summary: "Compare trained models, with McNemar's exact test",
  details:
    "Compares finished runs by the predictions stored in their folders: always on the validation split, and on the test split if all of them were evaluated on it before. Computes no new predictions.\n" +
    "Writes a page with scores, tests, learning curves and the settings that differ.",
  examples: ["npx nx run train:compare fer2013 fer2013-2"],
  positional: {
    name: "RUN",
    description: "Runs to compare: their names or folders",
    required: true,
    list: true,
  },
  options: {
    out: { ...outOption("Folder of the page, index.html"), defaultText: `${FOLDER}/<runs>-<hash>` },
  },
  async run(values, { terminal, positionals }) {
    const folders = [];
    for (const run of positionals) folders.push(await findRun(run));
    const comparison = await compareRuns(folders);
    const { runs, pairs, differences, warnings } = comparison;
    for (const warning of warnings) terminal.warn(warning);
    const names = runs.map(({ name }) => name);
    const splits = [...new Set(pairs.map(({ split }) => split))];
    for (const split of splits) {
      terminal.table(
        [split, "accuracy", "95 % interval", "macro-F1", "mean recall", "loss", "by votes"],
        runs.map(({ name, metrics }) => {
          const score = metrics[split];
          return [
            name,
            percent(score?.accuracy),
            score?.accuracyInterval.map((bound) => percent(bound, 1)).join(" – ") ?? "–",
            percent(score?.macroF1),
            percent(score?.meanRecall),
            score?.loss.toFixed(4) ?? "–",
            percent(score?.byVotes?.accuracy),
          ];
        }),
      );
    }
    terminal.table(
      [
        "first",
        "second",
        "split",
        "evaluated by",
        "only first correct",
        "only second correct",
        "p",
        "McNemar's test",
      ],
      pairs.map((pair) => [
        itemAt(names, pair.first),
        itemAt(names, pair.second),
        pair.split,
        pair.by,
        pair.onlyFirst,
        pair.onlySecond,
        formatProbability(pair.adjusted),
        verdict(pair, names),
      ]),
    );
    if (differences.length > 0) {
      terminal.table(
        ["input", ...names],
        differences.map(([name, values]) => [name, ...values]),
      );
    }
    const file = path.join(values.out ?? path.join(FOLDER, comparisonName(folders)), "index.html");
    await writeFileAtomic(file, renderComparison(comparison));
    terminal.wrote(file);
    const best = runs.reduce((a, b) =>
      b.metrics.validation.accuracy > a.metrics.validation.accuracy ? b : a,
    );
    terminal.next(
      `npx nx run export:onnx ${shellQuote(best.folder)}`,
      "export the model with the best accuracy",
    );
    return {
      runs: runs.map(({ folder, name, metrics }) => ({ run: folder, name, metrics })),
      pairs: pairs.map(({ split, ...pair }) => ({ part: split, ...pair })),
      differences: Object.fromEntries(differences),
      warnings,
      page: file,
    };
  },
});
