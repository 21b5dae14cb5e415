import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ImageSet } from "@mien/format";
import { beforeAll, describe, expect, it } from "vitest";
import { writeFinishedRun, type FinishedRun } from "../testing/finished-run.ts";
import { writeReport } from "./run-page.ts";

/** The images that made-up runs were measured on. */
const set: ImageSet = {
  ...{ height: 1, width: 1, channels: 1, classes: ["Happy", "<Sad>"] },
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

async function report(name: string, about: Omit<FinishedRun, "right">): Promise<string> {
  const folder = await writeFinishedRun(path.join(base, name), { right: 30, ...about });
  const html = await readFile(await writeReport(folder, set), "utf8");
  expect(html).not.toMatch(/NaN|undefined|<Sad>/);
  return html;
}

const hyperparameters = { voteShare: 0, labelSmoothing: 0, mixup: 0 };

describe("a run's report", () => {
  it("marks the epoch that was kept: of equally accurate ones that of the lowest loss", async () => {
    const html = await report("tie", { epochs: [[0.5, 1], [0.6, 2], [0.6, 1], [0.5, 3]] }); // prettier-ignore
    expect(html).toContain("The dashed line marks epoch 3,");
    expect(html.match(/kept: epoch \d/g)).toEqual(["kept: epoch 3", "kept: epoch 3"]);
  });

  it("says what its curves are judged by, and what is in the training loss besides", async () => {
    const epochs = [[0.5, 1]] as const;
    const plain = await report("plain", { epochs, config: { hyperparameters } });
    expect(plain).toContain("measured by what the model was trained on: the data set's labels.");
    expect(plain).toContain("of d, 1 epoch</p>");
    expect(plain).not.toContain("the two losses do not compare");
    const config = { hyperparameters: { voteShare: 0.5, labelSmoothing: 0.1, mixup: 0.2 } };
    const mixed = await report("mixed", { epochs, config });
    expect(mixed).toContain("trained on: labels and FER+ votes, 50 to 50. The accuracy is by");
    expect(mixed).toContain("Their loss is with label smoothing, mixup, so the two losses do not");
    expect(mixed.match(/validation, by labels and FER\+ votes, 50 to 50</g)).toHaveLength(2);
    expect(mixed.match(/training, with augmentation, label smoothing, mixup</g)).toHaveLength(1);
  });

  it("names the judge of each calibration error, with that by votes for a run that learnt them", async () => {
    const errors = (html: string) =>
      [...html.matchAll(/calibration error by ([^<]*)<\/span><b>(.*?)</g)].map((m) => m.slice(1));
    // Always 80 % sure: 75 % right by labels, 25 % by votes.
    const votes = { rightByVotes: 10 };
    const labels = await report("labels", { ...votes, config: { hyperparameters } });
    expect(errors(labels)).toEqual([["labels", "5.0 %"]]);
    const config = { hyperparameters: { voteShare: 1 } };
    const learnt = await report("learnt", { ...votes, config });
    expect(errors(learnt)).toEqual([
      ["labels", "5.0 %"],
      ["FER+ votes", "55.0 %"],
    ]);
    const both = await report("both", {
      ...votes,
      config: { hyperparameters: { voteShare: 0.5 } },
    });
    expect(errors(both).at(-1)).toEqual(["both together", "30.0 %"]);
    expect(both).toContain("By labels and FER+ votes, 50 to 50, that error goes from 30.0 %");
    expect(learnt).toContain("fitted to the FER+ votes, makes");
  });

  it("says of what it shows of validation alone that it is", async () => {
    const html = await report("tested", { parts: ["validation", "test"] });
    for (const heading of ["Class by class", "Calibration", "Worst mistakes"]) {
      expect(html).toContain(`<h2>${heading} on validation</h2>`);
    }
  });
});
