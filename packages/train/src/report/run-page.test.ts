import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ImageSet } from "@mien/format";
import { beforeAll, describe, expect, it } from "vitest";
import { writeFinishedRun, type FinishedRun } from "../testing/finished-run.ts";
import { writeReport } from "./run-page.ts";

/** The images on which the synthetic runs were evaluated. */
const set: ImageSet = {
  height: 1,
  width: 1,
  channels: 1,
  classes: ["Happy", "<Sad>"],
  pixels: new Uint8Array(40),
  labels: new Uint8Array(40),
  usage: new Uint8Array(40).fill(1),
  row: Uint32Array.from({ length: 40 }, (_, i) => i),
};

let base: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), "mien-report-"));
  return () => rm(base, { recursive: true });
});

/** A model that predicts the second class unless the pixel is bright. */
const model = {
  classes: set.classes,
  predict: (pixels: Float32Array) =>
    Promise.resolve(Float32Array.from([...pixels].flatMap((p) => [p / 255, 1 - p / 255]))),
};

async function report(name: string, about: Omit<FinishedRun, "right">): Promise<string> {
  const folder = await writeFinishedRun(path.join(base, name), { right: 30, ...about });
  const html = await readFile(await writeReport(folder, set, { model }), "utf8");
  expect(html).not.toMatch(/NaN|undefined|<Sad>/);
  return html;
}

const hyperparameters = { voteShare: 0, labelSmoothing: 0, mixup: 0 };

describe("a run's report", () => {
  it("marks the kept epoch: of equal accuracies, the one with the lowest loss", async () => {
    const html = await report("tie", { epochs: [[0.5, 1], [0.6, 2], [0.6, 1], [0.5, 3]] }); // prettier-ignore
    expect(html).toContain("The dashed line marks epoch 3,");
    expect(html.match(/kept: epoch \d/g)).toEqual(["kept: epoch 3", "kept: epoch 3"]);
  });

  it("names the criterion of a run that is chosen by labels and votes, and draws it", async () => {
    const config = { hyperparameters: { voteShare: 0.5 } };
    const html = await report("criterion", { epochs: [[0.7, 1, 0.5], [0.6, 2, 0.6]], config }); // prettier-ignore
    expect(html).toContain("The dashed line marks epoch 2, which was kept because it has");
    expect(html).toContain(
      "the highest criterion, 60.00 %: the mean of the validation accuracy by labels, 55.00 %, and the validation accuracy by votes, 65.00 %.",
    );
    for (const name of ["validation, by labels", "validation, by votes", "criterion"]) {
      expect(html).toContain(`</i>${name}</span>`);
    }
    const before = await report("accuracy", { epochs: [[0.7, 1], [0.6, 2]], config }); // prettier-ignore
    expect(before).toContain("epoch 1, which was kept because it has the highest accuracy");
    expect(before).not.toContain("criterion");
  });

  it("names the target of its curves and the additional terms of the training loss", async () => {
    const epochs = [[0.5, 1]] as const;
    const plain = await report("plain", { epochs, config: { hyperparameters } });
    expect(plain).toContain("measured by the target of the training: the data set's labels.");
    expect(plain).toContain("of d, 1 epoch</p>");
    expect(plain).not.toContain("the two losses cannot be compared");
    const config = { hyperparameters: { voteShare: 0.5, labelSmoothing: 0.1, mixup: 0.2 } };
    const mixed = await report("mixed", { epochs, config });
    expect(mixed).toContain("of the training: labels and FER+ votes, 50 to 50. The accuracy is by");
    expect(mixed).toContain(
      "The training loss is with label smoothing and mixup, so the two losses cannot",
    );
    expect(mixed.match(/validation, by labels and FER\+ votes, 50 to 50</g)).toHaveLength(2);
    expect(mixed.match(/training, with augmentation, label smoothing, mixup</g)).toHaveLength(1);
  });

  it("names the ground truth of each calibration error, with votes for a run that was trained on them", async () => {
    const errors = (html: string) =>
      [...html.matchAll(/calibration error by ([^<]*)<\/span><b>(.*?)</g)].map((m) => m.slice(1));
    // The confidence is always 80 %; 75 % are correct by labels, 25 % by votes.
    const votes = { rightByVotes: 10 };
    const labels = await report("labels", { ...votes, config: { hyperparameters } });
    expect(errors(labels)).toEqual([["labels", "5.0 %"]]);
    const config = { hyperparameters: { voteShare: 1 } };
    const voted = await report("voted", { ...votes, config });
    expect(errors(voted)).toEqual([
      ["labels", "5.0 %"],
      ["FER+ votes", "55.0 %"],
    ]);
    const both = await report("both", {
      ...votes,
      config: { hyperparameters: { voteShare: 0.5 } },
    });
    expect(errors(both).at(-1)).toEqual(["both together", "30.0 %"]);
    expect(both).toContain("By labels and FER+ votes, 50 to 50, the error goes from 30.0 %");
    expect(voted).toContain("fitted to the FER+ votes, makes");
  });

  it("names validation in each heading of a section about validation only", async () => {
    const html = await report("tested", { splits: ["validation", "test"] });
    for (const heading of ["Class by class", "Calibration", "Most confident errors"]) {
      expect(html).toContain(`<h2>${heading} on validation</h2>`);
    }
  });

  it("shows ranking curves of the splits in its metrics, and an occlusion map of each error", async () => {
    const charts = (html: string) => html.match(/aria-label="ROC"/g);
    expect(charts(await report("both-splits", { splits: ["validation", "test"] }))).toHaveLength(2);
    const html = await report("one-split", {});
    expect(charts(html)).toHaveLength(1);
    expect(html.match(/alt="occlusion map of CSV row/g)).toHaveLength(10);
  });
});
