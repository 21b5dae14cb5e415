import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "csv-parse/sync";
import { findingsCsv } from "../explore/findings-csv.ts";
import { foundImages } from "../explore/galleries.ts";
import { exploreDataset, type ExploreReport } from "../explore/dataset-report.ts";
import { findPictures } from "../near/pictures.ts";
import { loadVotes } from "./ferplus.ts";
import { loadDataset, type Dataset } from "./load-dataset.ts";

const FILE = path.join(process.env["MIEN_DATA"] ?? "", "fer2013.csv.gz");
const FERPLUS = path.join(process.env["MIEN_DATA"] ?? "", "ferplus.csv.gz");
const WITHOUT_FER2013 = !process.env["MIEN_DATA"] || !existsSync(FILE);

describe.skipIf(WITHOUT_FER2013)("FER2013 (in MIEN_DATA)", () => {
  let dataset: Dataset;
  let report: ExploreReport;

  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "mien-fer-"));
    // The search takes eight times as long in the test's process, where imports are looked up at
    // each call. So the command searches, and leaves the near-copies in its cache.
    const program = path.resolve(import.meta.dirname, "../bin.ts");
    const tsx = import.meta.resolve("tsx");
    const words = ["--conditions=source", "--import", tsx, program, "explore", "--csv", FILE];
    await promisify(execFile)(process.execPath, words, { cwd: folder });
    const cacheFolder = path.join(folder, "artifacts/data");
    dataset = await loadDataset({ csv: FILE, cacheFolder });
    const pictures = await findPictures(dataset.set, cacheFolder);
    const votes = existsSync(FERPLUS)
      ? await loadVotes({ ferplus: FERPLUS, set: dataset.set })
      : undefined;
    const skippedRows = dataset.skipped;
    report = exploreDataset(dataset.set, dataset, { pictures, skippedRows, votes });
    return () => rm(folder, { recursive: true, force: true });
  }, 900_000);

  it("is the file that its manifest describes", () => {
    const { manifest, sha256, set, warnings } = dataset;
    expect(manifest).toMatchObject({ name: "fer2013", file: { sha256, rows: set.labels.length } });
    expect(warnings).toEqual([]);
  });

  it("has the published number of images per class and split", () => {
    expect(report.counts).toEqual([
      [3995, 467, 491],
      [436, 56, 55],
      [4097, 496, 528],
      [7215, 895, 879],
      [4830, 653, 594],
      [3171, 415, 416],
      [4965, 607, 626],
    ]);
  });

  it("holds copies within and across its splits, and blank images", () => {
    expect(report.duplicates).toMatchObject({
      distinctImages: 34_034,
      groups: 1516,
      rowsInGroups: 3369,
      groupsAcrossParts: 557,
      groupsWithConflictingLabels: 57,
      leaks: [
        { part: "PrivateTest", copyIn: "Training", rows: 288 },
        { part: "PublicTest", copyIn: "Training", rows: 280 },
        { part: "PrivateTest", copyIn: "PublicTest", rows: 44 },
      ],
    });
    expect(report.brightness.blankRows).toHaveLength(14);
  });

  it("names the images with conflicting labels, and those that leak", () => {
    const { conflicts, leaks } = report.duplicates;
    expect(conflicts).toHaveLength(57);
    for (const { rows, labels } of conflicts) {
      const found = rows.map((row) => dataset.set.classes[dataset.set.labels[row] ?? 0]);
      expect(labels).toEqual(found);
      expect(new Set(labels).size).toBeGreaterThan(1);
    }
    expect(leaks.map(({ rowNumbers }) => rowNumbers.length)).toEqual([288, 280, 44]);
  });

  it("lists each row of a finding once in the CSV", () => {
    const found = foundImages(dataset.set, report);
    const csv = parse(findingsCsv(dataset.set, report, { found, votes: undefined }));
    const count = (kind: string) => csv.filter((row) => row[1] === kind).length;
    expect(count("blank")).toBe(14);
    expect(count("copy-across-splits")).toBe(1323);
    expect(count("copy-with-other-label")).toBe(
      report.duplicates.conflicts.flatMap(({ rows }) => rows).length,
    );
    expect(new Set(csv.map(([row, kind]) => `${row} ${kind}`)).size).toBe(csv.length);
  });

  it("has dark, faint and blurred images, and the known mean and deviation", () => {
    const { darkRows, lowContrastRows, blurredRows } = report.brightness;
    expect([darkRows, lowContrastRows, blurredRows].map((rows) => rows.length)).toEqual([108, 82, 44]); // prettier-ignore
    expect(report.pixels.training.mean[0]).toBeCloseTo(129.474, 3);
    expect(report.pixels.training.deviation[0]).toBeCloseTo(65.027, 3);
  });

  it.skipIf(!existsSync(FERPLUS))("differs from the votes of FER+ in a third of the labels", () => {
    const { disagreement, overall, unanimouslyNoFace } = report.votes ?? {};
    const percent = disagreement?.map((share) => Math.round(100 * (share ?? 0)));
    // Angry, Disgust, Fear, Happy, Sad, Surprise, Neutral
    expect(percent).toEqual([48, 62, 86, 7, 57, 18, 12]);
    expect(overall).toBeCloseTo(0.343, 3);
    expect(unanimouslyNoFace).toBe(176);
  });

  it("has the same distribution of classes in all splits, up to chance", () => {
    expect(report.distributionTest).toMatchObject({ degreesOfFreedom: 12 });
    // scipy.stats.chi2_contingency
    expect(report.distributionTest?.statistic).toBeCloseTo(9.18605822449117, 9);
    expect(report.distributionTest?.p).toBeCloseTo(0.6869617903137165, 9);
    expect(report.partDifferences.map(({ verdict }) => verdict)).toEqual(["same", "same", "same"]);
  });
});
