import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RunConfig, RunMetrics } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPredictions } from "../score/predictions.ts";
import { smallFlags, smallSet, smallSplit, writeCsv } from "../testing/small-set.ts";
import { runCommand } from "../testing/run-command.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-classes-"));
  await writeCsv(path.join(folder, "small.csv"), smallSet);
  const header = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
  const names = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"];
  const lines = Array.from(smallSet.labels, (label, i) => {
    const counts = header.split(",").map((column) => (column === names[label] ? 10 : 0));
    return `${["Training", "PublicTest", "PrivateTest"][smallSet.usage[i]!]},,${counts.join()}\n`;
  });
  const csv = `Usage,Image name,${header}\n${lines.join("")}`;
  await writeFile(path.join(folder, "ferplus.csv"), csv);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...argv: string[]) => runCommand(folder, ...argv);
const fit = (...argv: string[]) =>
  run("fit", "--csv", "small.csv", ...smallFlags, "--epochs", "1", ...argv);
const json = async <T>(name: string) =>
  JSON.parse(await readFile(path.join(folder, name), "utf8")) as T;

const GROUPS = "Negative=Angry,Disgust,Fear,Sad;drop=Neutral";

describe("a run with --classes", () => {
  it("is trained and evaluated on the merged classes, by labels and by votes", async () => {
    const flags = ["--classes", "drop=Neutral; Negative=Sad+Angry+Disgust+Fear", "--out", "own"];
    const { code, out, err } = await fit(...flags, "--vote-share", "0.5");
    expect(code, err).toBe(0);
    expect(out).toMatch(/^classes: Negative \d+, Happy \d+, Surprise \d+ images$/m);
    expect(out).toMatch(/^dropped: \d+ images of Neutral$/m);
    const config = await json<RunConfig>("own/config.json");
    expect(config).toMatchObject({
      classGroups: GROUPS,
      classes: ["Negative", "Happy", "Surprise"],
    });
    const neutral = smallSet.classes.indexOf("Neutral");
    const kept = smallSplit.validation.filter((at) => smallSet.labels[at] !== neutral);
    const before = await readPredictions(path.join(folder, "own"), "validation");
    expect([...before.row]).toEqual(Array.from(kept, (at) => smallSet.row[at]));
    expect(Array.from(before.votes ?? [])).toEqual([...before.labels]);

    const evaluated = await run("evaluate", "own", "--final");
    expect(evaluated.code, evaluated.err).toBe(0);
    const after = await readPredictions(path.join(folder, "own"), "validation");
    expect([...after.row]).toEqual([...before.row]);
    const metrics = await json<RunMetrics>("own/metrics.json");
    expect(metrics.validation.recall).toHaveLength(3);
    expect(metrics.test?.byVotes?.images).toBe(metrics.test?.images);
    const report = await readFile(path.join(folder, "own/report.html"), "utf8");
    expect(report).toContain(`merged or dropped: ${GROUPS}.`);
  }, 180_000);

  it("is found again by the same groups only, however they are written", async () => {
    const same = await fit("--classes", GROUPS, "--out", "own", "--vote-share", "0.5");
    expect(same.out, same.err).toContain("own is finished");
    const taught = await run("teach", "own", "--csv", "small.csv");
    expect(taught.err).toContain("a teacher needs all classes of the data set");
  }, 180_000);

  it("is refused if a class does not exist, before anything is trained", async () => {
    const { code, err } = await fit("--classes", "Negative=Angri,Sad");
    expect(code).toBe(2);
    expect(err).toContain('--classes: there is no class "Angri"\nDid you mean Angry?');
  });
});
