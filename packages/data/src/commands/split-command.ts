import { rm } from "node:fs/promises";
import path from "node:path";
import {
  checkWritable,
  codeVersion,
  csvOption,
  defineCommand,
  FOLDERS,
  freshness,
  readJson,
  recordMadeFrom,
  shellQuote,
  writeFileAtomic,
  writeJson,
} from "@mien/cli";
import { isRecord, MienError, toFolderName, type DatasetManifest } from "@mien/format";
import { writeManifest } from "../manifest/croissant.ts";
import { ferplusOption } from "../set/ferplus.ts";
import { loadWithProgress, skipBadRowsOption } from "../set/load-with-progress.ts";
import { chooseSplit, describeSplit, SPLIT_DETAILS, splitOptions } from "../split/split-name.ts";

/** `data:split`: writes a data set with other splits. */
export const splitCommand = defineCommand({
  name: "split",
  summary: "Divide a data set into other splits, without copies across them",
  details:
    `${SPLIT_DETAILS}\n` +
    "Counts the images that leak, that is, that have a copy in another split, before and after. A copy of a test image can still be in the training split, because the test split is kept; --new-test draws a new one, and then no image leaks.\n" +
    "Writes a CSV with the new splits in the column Usage, its manifest, also as Croissant, and if there are FER+ votes, NAME.ferplus.csv with those of each row. The source does not change. " +
    "Training does not need this file: train:fit, tune:search and data:explore take --split themselves.",
  examples: [
    "npx nx run data:split",
    "npx nx run data:split --split 80/10/10 --new-test --out artifacts/data/own.csv.gz",
    "npx nx run data:split --split k-fold:5 --assignments artifacts/data/folds.csv",
  ],
  options: {
    csv: csvOption,
    ferplus: ferplusOption,
    ...splitOptions,
    split: {
      ...splitOptions.split,
      description: "Percentages (training/validation/test) such as 70/20/10, or k-fold:K",
      default: "70/20/10",
    },
    newTest: {
      type: "boolean",
      description: "Draw the test split anew instead of keeping that of the data set",
      group: "data",
    },
    skipBadRows: skipBadRowsOption,
    out: {
      type: "string",
      placeholder: "FILE",
      description: "CSV to write; compressed by gzip if its name ends with .gz",
      defaultText: `${FOLDERS.data}/<data set>-<split>.csv`,
      group: "output",
    },
    assignments: {
      type: "string",
      placeholder: "FILE",
      description: "Also write a small CSV with the split, and the fold, of each row of the source",
      group: "output",
    },
  },
  run: async (values, context) => {
    const { csv: source, ferplus, newTest, skipBadRows, assignments, ...flags } = values;
    const { terminal, signal } = context;
    const choice = chooseSplit(flags);
    if (choice.split === "official") {
      throw new MienError("usage", "--split official is the split that the data set has already", {
        advice: "Name another one, such as --split 70/20/10 or --split k-fold:5.",
      });
    }
    const { identifyDataset } = await import("../set/load-dataset.ts");
    const identity = await identifyDataset({ csv: source, signal, terminal });
    const { manifest, sha256 } = identity;
    const name = toFolderName(
      `${manifest.name}-${choice.split.replaceAll(/[^\d.a-z]/g, "-")}${newTest ? "-new-test" : ""}`,
    );
    const csv = flags.out ?? path.join(FOLDERS.data, `${name}.csv`);
    if (!/[^/\\]\.csv(\.gz)?$/i.test(csv)) {
      throw new MienError("usage", `--out must end with .csv or .csv.gz, found ${csv}`);
    }
    if (path.resolve(csv) === path.resolve(identity.path)) {
      throw new MienError("usage", `--out is the source ${csv}, which must not change`);
    }
    for (const [flag, file] of [
      ["--out", csv],
      ["--assignments", assignments],
    ] as const) {
      if (file !== undefined) await checkWritable(flag, file);
    }
    const { ownManifestPath } = await import("../manifest/manifests.ts");
    const manifestFile = ownManifestPath(csv);
    const base = manifestFile.replace(/\.manifest\.json$/, "");
    const [record, resultFile] = [`${base}.made-from.json`, `${base}.split.json`];
    const { findVotes, identifyAnyVotes, ownVotesPath } = await import("../set/ferplus.ts");
    const votes = (await identifyAnyVotes({ ferplus, csv: source, signal }))?.sha256 ?? null;
    const inputs = { command: "split", sha256, manifest, votes, choice, newTest, skipBadRows };
    const code = await codeVersion(
      ["set", "near"].map((folder) => path.join(import.meta.dirname, "..", folder)),
    );
    const isCurrent = (await freshness(record, inputs, code)) === "current";
    const next = () =>
      terminal.next(`npx nx run train:fit --csv ${shellQuote(csv)}`, "to train on these splits");
    terminal.say(`data  ${identity.path} (${manifest.name}, SHA-256 ${sha256.slice(0, 12)}…)`);
    if (isCurrent && assignments === undefined) {
      const known: unknown = await readJson(resultFile).catch(() => undefined);
      if (isRecord(known)) {
        terminal.say(`up to date: ${csv}`);
        next();
        return { ...known, csv, manifest: manifestFile, upToDate: true };
      }
    }

    const { checkOverwrite } = await import("../set/check-overwrite.ts");
    await checkOverwrite(csv, { record, command: "split" });
    const loaded = await loadWithProgress({ csv: identity.path, skipBadRows, signal }, terminal);
    terminal.say("searching copies and near-copies");
    const { findPictures } = await import("../near/pictures.ts");
    const pictures = await findPictures(loaded.set);
    const { assignmentsCsv, divideDataset } = await import("./divide-dataset.ts");
    const given = await findVotes({ ferplus, csv: source, set: loaded.set, signal });
    const division = divideDataset(loaded.set, choice, { pictures, newTest });
    const { set, counts, parts, distributionTest, leaks } = division;
    const { writeCsv } = await import("../csv/write-csv.ts");
    const progress = terminal.progress("writing rows", set.labels.length);
    const written = await writeCsv(csv, set, {
      signal,
      onProgress: (done) => progress.update(done),
    }).finally(() => progress.stop());
    const described: DatasetManifest = {
      ...manifest,
      name: path.basename(base),
      file: { name: `${path.basename(base)}.csv`, sha256: written, rows: set.labels.length },
      source: `${manifest.name} (SHA-256 ${sha256}) with the split ${describeSplit(choice)}${newTest ? " and a new test split" : ""}`,
    };
    const croissant = await writeManifest(manifestFile, described);
    const votesCopy = given && ownVotesPath(csv);
    const { encodeVotes } = await import("../set/encode-votes.ts");
    if (given && votesCopy) await writeFileAtomic(votesCopy, encodeVotes(given, set));
    else await rm(ownVotesPath(csv), { force: true });
    const result = {
      split: choice,
      newTest,
      sha256: written,
      classes: set.classes,
      parts,
      counts,
      distributionTest,
      leaks,
    };
    await writeJson(resultFile, result);
    const made = [csv, manifestFile, croissant, resultFile, ...(votesCopy ? [votesCopy] : [])];
    const outputs = made.map((file) => path.basename(file));
    await recordMadeFrom(record, { inputs, code, outputs });
    if (assignments !== undefined) await writeFileAtomic(assignments, assignmentsCsv(division));

    const { leakRows, LEAK_HEAD } = await import("../explore/leaks.ts");
    const { countRows } = await import("../set/counts.ts");
    terminal.say(`split ${describeSplit(choice)}`);
    terminal.table(["class", ...parts, "all"], countRows(set.classes, counts));
    terminal.table(LEAK_HEAD, leakRows(leaks.before, leaks.after));
    if (division.foldOf) terminal.say(`the splits of the CSV are those of fold ${choice.fold}`);
    if (distributionTest) {
      const { describeChiSquared } = await import("../explore/findings.ts");
      terminal.say(describeChiSquared(distributionTest));
    }
    for (const file of [...made, ...(assignments ? [assignments] : [])]) terminal.wrote(file);
    next();
    return { ...result, csv, manifest: manifestFile, upToDate: false };
  },
});
