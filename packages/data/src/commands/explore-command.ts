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
  writeFileAtomic,
  writeJson,
} from "@mien/cli";
import { MienError, toFolderName } from "@mien/format";
import { loadWithProgress, skipBadRowsOption } from "../set/load-with-progress.ts";

const RECORD = "made-from.json";
const REPORT = "explore.json";
const PAGE = "index.html";

/** `data:explore`: reports what a data set contains and what is wrong with it. */
export const exploreCommand = defineCommand({
  name: "explore",
  summary: "Report the content of a data set, its distribution and its faults",
  details:
    "Counts the images of each class and split, compares the splits, and finds blank images, exact copies, copies in several splits and copies with conflicting labels. " +
    "Draws distributions, mean images and samples.\n" +
    `Writes ${PAGE} (the report as one page), ${REPORT} (all figures) and the plots as PNG files.`,
  examples: [
    "npx nx run data:explore",
    "npx nx run data:explore --csv artifacts/data/synth.csv --out /tmp/report",
  ],
  options: {
    csv: csvOption,
    out: {
      ...outOption("Folder of the report"),
      defaultText: `${FOLDERS.data}/<data set>/explore`,
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
  },
  run: async ({ csv, out, seed, skipBadRows }, { terminal, signal }) => {
    const { identifyDataset } = await import("../set/load-dataset.ts");
    const identity = await identifyDataset({ csv, signal });
    const { manifest, sha256 } = identity;
    const folder = out ?? path.join(FOLDERS.data, toFolderName(manifest.name), "explore");
    const record = path.join(folder, RECORD);
    const page = path.join(folder, PAGE);
    const inputs = { sha256, manifest, seed, skipBadRows };
    const code = await codeVersion([
      path.join(import.meta.dirname, "../explore"),
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
      next();
      return { folder, upToDate: true, ...known };
    }

    const dataset = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
    const { exploreDataset } = await import("../explore/dataset-report.ts");
    const { findingsOf } = await import("../explore/findings.ts");
    const { warnings } = dataset;
    const report = exploreDataset(dataset.set, dataset, dataset.skipped);
    const findings = findingsOf(report);
    const pictures = await draw();
    for (const { file, png } of pictures) {
      await writeFileAtomic(path.join(folder, file), png.light);
    }
    await writeJson(path.join(folder, REPORT), { ...report, findings, warnings });
    const { renderPage } = await import("../explore/explore-page.ts");
    await writeFileAtomic(page, renderPage(report, findings, pictures));
    const outputs = [PAGE, REPORT, ...pictures.map(({ file }) => file)];
    await recordMadeFrom(record, { inputs, code, outputs });

    const { COUNT_HEAD, countRows } = await import("../explore/counts.ts");
    terminal.table(COUNT_HEAD, countRows(report.classes, report.counts));
    for (const { level, text } of findings) terminal.say(`${MARKS[level]} ${text}`);
    terminal.wrote(page, `the report, with ${pictures.length} plots beside it`);
    terminal.wrote(path.join(folder, REPORT));
    next();
    return { folder, upToDate: false, ...report, findings, warnings };

    async function draw() {
      const { drawPictures } = await import("../explore/explore-pictures.ts");
      const progress = terminal.progress("drawing", report.classes.length + 5);
      try {
        const drawn = [];
        for (const picture of drawPictures(dataset.set, report, seed)) {
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

const MARKS = { good: "✓", note: "•", problem: "!" } as const;
