import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { exploreDataset, type ExploreReport } from "../explore/dataset-report.ts";
import { loadDataset, type Dataset } from "./load-dataset.ts";

const FILE = path.join(process.env["MIEN_DATA"] ?? "", "fer2013.csv.gz");
const WITHOUT_FER2013 = !process.env["MIEN_DATA"] || !existsSync(FILE);

describe.skipIf(WITHOUT_FER2013)("FER2013 (in MIEN_DATA)", () => {
  let dataset: Dataset;
  let report: ExploreReport;

  beforeAll(async () => {
    const cacheFolder = await mkdtemp(path.join(tmpdir(), "mien-fer-"));
    dataset = await loadDataset({ csv: FILE, cacheFolder });
    report = exploreDataset(dataset.set, dataset, dataset.skipped);
    return () => rm(cacheFolder, { recursive: true, force: true });
  });

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

  it("has the same distribution of classes in all splits, up to chance", () => {
    expect(report.partDifferences.map(({ verdict }) => verdict)).toEqual(["same", "same", "same"]);
  });
});
