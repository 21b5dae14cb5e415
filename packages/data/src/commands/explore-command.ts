import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  codeVersion,
  csvOption,
  defineCommand,
  FOLDERS,
  freshness,
  outOption,
  readJson,
  recordMadeFrom,
  shellQuote,
  type Terminal,
  writeFileAtomic,
  writeJson,
} from "@mien/cli";
import { readFile } from "node:fs/promises";
import { itemAt, MienError, toFolderName } from "@mien/format";
import { correctImages, describeCorrections, withoutImages } from "../set/corrections.ts";
import { ferplusOption } from "../set/ferplus.ts";
import type { Dataset } from "../set/load-dataset.ts";
import { loadWithProgress, skipBadRowsOption } from "../set/load-with-progress.ts";
import { correctionsOption, readCorrections, type Corrections } from "../set/read-corrections.ts";
import { chooseSplit, describeSplit, splitOptions } from "../split/split-name.ts";

const RECORD = "made-from.json";
const REPORT = "explore.json";
const PAGE = "index.html";
const FINDINGS = "findings.csv";
const MAP = "map.csv";
const MAP_PLOT = "map.png";

/** `data:explore`: reports what a data set contains and what is wrong with it. */
export const exploreCommand = defineCommand({
  name: "explore",
  summary: "Report the content of a data set, its distribution and its faults",
  details:
    "Counts the images of each class and split and tests whether the splits have one distribution. Measures brightness, contrast and sharpness. Finds exact copies, near-copies (mirrored, moved, scaled, re-lit or compressed), copies in several splits, copies with conflicting labels, and blank, dark, blurred and low-contrast images. With FER+ votes, compares them with the labels and finds the most disputed images. Draws a map in which similar images are near each other, and tests whether the splits drift apart in it.\n" +
    `Writes ${PAGE} (the report as one page, with charts and the images of each finding), ${REPORT} (all figures), ${FINDINGS} (all findings: row, kind, group, detail), ${MAP} (the place of each image in the map) and the plots as PNG files.`,
  examples: [
    "npx nx run data:explore",
    "npx nx run data:explore --csv artifacts/data/synth.csv --out /tmp/report",
    "npx nx run data:explore --findings /tmp/findings.csv",
    "npx nx run data:explore --split 70/20/10",
    "npx nx run data:explore --features artifacts/crossval/fer2013",
  ],
  options: {
    csv: csvOption,
    ferplus: ferplusOption,
    ...splitOptions,
    features: {
      type: "string",
      placeholder: "DIR",
      description: "Features for the map: the folder of train:crossval, or a NumPy file",
      defaultText: "the pixels of thumbnails",
      group: "data",
    },
    out: {
      ...outOption("Folder of the report"),
      defaultText: `${FOLDERS.data}/<data set>/explore[-<split>]`,
    },
    findings: {
      type: "string",
      placeholder: "FILE",
      description: `Also write the CSV of all findings to this file`,
      group: "output",
    },
    seed: {
      type: "integer",
      unit: null,
      description: "Random seed for the choice of the images shown",
      group: "run",
      default: 1,
      min: 0,
    },
    skipBadRows: skipBadRowsOption,
    corrections: correctionsOption,
  },
  run: async (values, { terminal, signal }) => {
    const { csv, ferplus, out, findings: copyTo, seed, skipBadRows } = values;
    const choice = chooseSplit(values);
    const isOfficial = choice.split === "official";
    const suffix = isOfficial ? "" : `-${describeSplit(choice).replaceAll(/[^\da-z]+/g, "-")}`;
    const { identifyDataset, MOST_IN_MEMORY } = await import("../set/load-dataset.ts");
    const identity = await identifyDataset({ csv, signal, terminal });
    const { manifest, sha256 } = identity;
    const folder = out ?? path.join(FOLDERS.data, toFolderName(manifest.name), `explore${suffix}`);
    const record = path.join(folder, RECORD);
    const page = path.join(folder, PAGE);
    const { findVotes, identifyAnyVotes } = await import("../set/ferplus.ts");
    // Votes that are found beside another data set are read, and then left out.
    const votesFile = await identifyAnyVotes({ ferplus, csv, signal });
    const { readFeatures } = await import("../map/read-features.ts");
    const features =
      values.features === undefined ? undefined : await readFeatures(values.features);
    const corrections =
      values.corrections === undefined ? undefined : await readCorrections(values.corrections);
    const hashes = { votes: votesFile?.sha256 ?? null, features: features?.sha256 ?? null };
    const chosen = {
      ...(isOfficial ? {} : choice),
      ...(corrections && { corrections: corrections.sha256 }),
    };
    const inputs = { sha256, manifest, ...hashes, seed, skipBadRows, ...chosen };
    const code = await codeVersion([
      path.join(import.meta.dirname, "../explore"),
      path.join(import.meta.dirname, "../explore-page"),
      path.join(import.meta.dirname, "../map"),
      path.join(import.meta.dirname, "../near"),
      path.dirname(fileURLToPath(import.meta.resolve("@mien/plot"))),
    ]);
    const next = () =>
      terminal.next(
        `npx nx run train:fit${csv === undefined ? "" : ` --csv ${shellQuote(csv)}`}`,
        "to train on it",
      );
    terminal.say(`data  ${identity.path} (${manifest.name}, SHA-256 ${sha256.slice(0, 12)}…)`);
    const current = (await freshness(record, inputs, code)) === "current";
    // A damaged report is written again.
    const known = current ? await readJson(path.join(folder, REPORT)).catch(() => null) : null;
    if (typeof known === "object" && known !== null) {
      const { warnings = identity.warnings } = known as Partial<typeof identity>;
      warnings.forEach((warning) => terminal.warn(`warning: ${warning}`));
      terminal.say(`up to date: ${page}`);
      await copyFindings();
      next();
      return { folder, upToDate: true, ...known };
    }

    const loaded = await loadWithProgress(
      { csv: identity.path, skipBadRows, signal, mostInMemory: MOST_IN_MEMORY },
      terminal,
    );
    const dataset =
      corrections === undefined ? loaded : correctDataset(loaded, corrections, terminal);
    const { exploreDataset } = await import("../explore/dataset-report.ts");
    const { findingsOf } = await import("../explore/findings.ts");
    const { warnings } = dataset;
    terminal.say("searching copies and near-copies");
    const { findPictures } = await import("../near/pictures.ts");
    const pictures = await findPictures(dataset.set);
    const votes = await findVotes({ ferplus, csv, set: dataset.set, signal });
    const { assignSplits } = await import("../split/assign-splits.ts");
    const set = assignSplits(dataset.set, choice, pictures.pictureOf);
    if (votes !== undefined) terminal.say(`votes ${votes.path}`);
    terminal.say("comparing the splits");
    const { embedImages } = await import("../map/embedding.ts");
    const embedded = embedImages(set, { features, seed });
    const report = exploreDataset(set, dataset, {
      embedding: embedded.embedding,
      pictures,
      skippedRows: dataset.skipped,
      votes,
    });
    const { countLeaks, describeLeaks } = await import("../explore/leaks.ts");
    const leaks = isOfficial
      ? undefined
      : { before: countLeaks(dataset.set, pictures), after: countLeaks(set, pictures) };
    const aboutSplit = leaks && {
      level: "note" as const,
      text: `The splits are ${describeSplit(choice)}: ${describeLeaks(leaks.before, leaks.after)}.`,
    };
    const findings = [...(aboutSplit ? [aboutSplit] : []), ...findingsOf(report)];
    const { exploreCharts } = await import("../explore/explore-charts.ts");
    const { chooseSamples, drawPictures, meanImages, pictureCount } =
      await import("../explore/explore-pictures.ts");
    const charts = exploreCharts(report);
    const own = leaks && { split: choice, splitLeaks: leaks };
    const samples = chooseSamples(set, seed);
    const { foundImages } = await import("../explore/galleries.ts");
    const found = foundImages(set, report);
    const { chooseMapSample } = await import("../explore/map-sample.ts");
    const sample = chooseMapSample(set, embedded, { found, seed });
    const { mapChart, renderMap } = await import("../explore-page/map-html.ts");
    const drawings = await draw();
    for (const { file, png } of drawings) await writeFileAtomic(path.join(folder, file), png);
    await writeJson(path.join(folder, REPORT), { ...report, ...own, findings, warnings });
    const { findingsCsv } = await import("../explore/findings-csv.ts");
    await writeFileAtomic(path.join(folder, FINDINGS), findingsCsv(set, report, { found, votes }));
    const { renderGalleries } = await import("../explore-page/gallery-html.ts");
    const { renderPage } = await import("../explore-page/explore-page.ts");
    const means = meanImages(set);
    const alsoStored = sample.shown.map((place) => itemAt(embedded.positions, place));
    const content = { found, votes, samples, means, alsoStored, csv: FINDINGS };
    const galleries = renderGalleries(set, content);
    const { mapCsv } = await import("../map/map-csv.ts");
    await writeFileAtomic(path.join(folder, MAP), mapCsv(set, embedded));
    const map = renderMap(set, { ...galleries, embedded, sample, csv: MAP });
    const html = renderPage(report, { findings, charts, galleries, map, csv: FINDINGS });
    await writeFileAtomic(page, html);
    const outputs = [PAGE, REPORT, FINDINGS, MAP, ...drawings.map(({ file }) => file)];
    await recordMadeFrom(record, { inputs, code, outputs });

    const { COUNT_HEAD, countRows } = await import("../set/counts.ts");
    terminal.table(COUNT_HEAD, countRows(report.classes, report.counts));
    for (const { level, text } of findings) terminal.say(`${MARKS[level]} ${text}`);
    terminal.wrote(page, `the report, with ${drawings.length} plots beside it`);
    terminal.wrote(path.join(folder, REPORT));
    terminal.wrote(path.join(folder, FINDINGS));
    terminal.wrote(path.join(folder, MAP));
    await copyFindings();
    next();
    return { folder, upToDate: false, ...report, ...own, findings, warnings };

    async function copyFindings() {
      if (copyTo === undefined) return;
      await writeFileAtomic(copyTo, await readFile(path.join(folder, FINDINGS)));
      terminal.wrote(copyTo);
    }

    async function draw() {
      const { renderChart } = await import("@mien/plot");
      const content = { charts, samples };
      const progress = terminal.progress("drawing", pictureCount(report, content) + 1);
      try {
        const chart = mapChart(set, embedded, sample);
        const drawn = [{ file: MAP_PLOT, png: renderChart(chart, { height: 600 }) }];
        for (const picture of drawPictures(set, report, content)) {
          drawn.push(picture);
          progress.update(drawn.length);
          await new Promise((resolve) => setImmediate(resolve));
          if (signal.aborted) throw new MienError("interrupted", "the report is not written yet");
        }
        return drawn;
      } finally {
        progress.stop();
      }
    }
  },
});

/** A data set with the labels of a file of corrections and without the images that it drops. */
function correctDataset(dataset: Dataset, corrections: Corrections, terminal: Terminal): Dataset {
  const { set, dropped, counts } = correctImages(dataset.set, corrections);
  terminal.say(describeCorrections(counts));
  return { ...dataset, set: withoutImages(set, dropped) };
}

const MARKS = { good: "✓", note: "•", problem: "!" } as const;
