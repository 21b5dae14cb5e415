import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { runProgram } from "@mien/cli";
import { USAGES } from "@mien/format";
import { runInProcess } from "@mien/testing";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { program } from "../program.ts";
import { loadDataset } from "../set/load-dataset.ts";
import { temporaryFolder } from "../testing/folder.ts";

const COUNT = 210;
const VOTES = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
const COLUMN = { Angry: 4, Disgust: 5, Fear: 6, Happy: 1, Sad: 3, Surprise: 2, Neutral: 0 };

/** A synthetic set, answers of a model that sees a planted error in every tenth image, and votes. */
async function auditedFolder() {
  const folder = await temporaryFolder();
  const run = (...words: string[]) =>
    runInProcess(() => runProgram(program, words), { cwd: folder, env: { MIEN_DATA: "" } });
  await run("synth", "--count", String(COUNT), "--out", "out");
  const csv = path.join(folder, "out/synth.csv");
  const { set } = await loadDataset({ csv, cacheFolder: folder });
  const truth = Array.from(set.labels, (label, i) => (i % 10 === 0 ? (label + 1) % 7 : label));
  const lines = truth.map((label, i) => {
    const answers = set.classes.map((_, k) => (k === label ? 0.7 : 0.05).toFixed(6));
    const split = USAGES[set.usage[i]!]!;
    return [
      set.row[i],
      split,
      set.usage[i] === 0 ? 1 : "",
      set.classes[set.labels[i]!],
      ...answers,
    ];
  });
  const text = [["row", "split", "fold", "label", ...set.classes], ...lines];
  await writeFile(path.join(folder, "probabilities.csv"), `${text.join("\n")}\n`);
  const votes = truth.map((label, i) => {
    const column = COLUMN[set.classes[label] as keyof typeof COLUMN];
    const counts = Array.from({ length: 10 }, (_, k) => (k === column ? 10 : 0));
    return [USAGES[set.usage[i]!], `${i}.png`, ...counts];
  });
  await writeFile(
    path.join(folder, "ferplus.csv"),
    [`Usage,Image name,${VOTES}`, ...votes].join("\n"),
  );
  return { folder, run, set };
}

const AUDIT = ["audit", "--csv", "out/synth.csv", "--probabilities", "probabilities.csv"];

describe("data:audit", () => {
  it("finds planted errors, is judged by votes, and its corrections are honoured by data:explore", async () => {
    const { folder, run, set } = await auditedFolder();
    const { code, out, err } = await run(
      ...AUDIT,
      "--judge",
      "--ferplus",
      "ferplus.csv",
      "--json",
      "a.json",
    );
    expect(code, err).toBe(0);
    const planted = [...set.row.keys()].filter((i) => i % 10 === 0 && set.usage[i] === 0);
    const training = set.usage.filter((usage) => usage === 0).length;
    expect(out).toContain(`${training} images audited, without features of similar images`);
    expect(out).toMatch(/data:audit +100 +\d+\.\d %/);
    expect(out).toContain("npx nx run train:fit --csv out/synth.csv --corrections corrections.csv");
    const place = path.join(folder, "artifacts/data/synth/audit");
    expect((await readdir(place)).sort()).toEqual([
      "audit.json",
      "index.html",
      "judgement.html",
      "judgement.png",
      "made-from.json",
      "suspects.csv",
    ]);
    const suspects: Record<string, string>[] = parse(
      await readFile(path.join(place, "suspects.csv")),
      { columns: true },
    );
    expect(suspects).toHaveLength(training);
    const first = suspects.slice(0, planted.length);
    expect(first.map(({ row }) => Number(row)).sort((a, b) => a - b)).toEqual(
      planted.map((i) => set.row[i]),
    );
    const again = await run(...AUDIT, "--judge", "--ferplus", "ferplus.csv");
    expect(again.out).toContain("up to date: artifacts/data/synth/audit/index.html\n");
    expect(again.out).toMatch(/data:audit +100 +\d+\.\d %/);
    const [worst] = first;
    const stored = JSON.parse(await readFile(path.join(folder, "a.json"), "utf8")) as {
      judgement: { labels: { first: { precision: number }[] } };
    };
    expect(stored.judgement.labels.first[0]!.precision).toBeCloseTo(planted.length / 100, 6);

    const lines = [
      "row,action,label,new label,note",
      `${worst!["row"]},relabel,${worst!["label"]},${worst!["suggested"]},`,
      `${first[1]!["row"]},drop,${first[1]!["label"]},,`,
    ];
    await writeFile(path.join(folder, "c.csv"), `${lines.join("\n")}\n`);
    const explore = await run("explore", "--csv", "out/synth.csv", "--corrections", "c.csv");
    expect(explore.code, explore.err).toBe(0);
    expect(explore.out).toContain("corrections: 1 relabelled, 1 dropped\n");
    const report = JSON.parse(
      await readFile(path.join(folder, "artifacts/data/synth/explore/explore.json"), "utf8"),
    ) as { images: number };
    expect(report.images).toBe(COUNT - 1);
    const without = await run("explore", "--csv", "out/synth.csv");
    expect(without.out).not.toContain("up to date");
  }, 120_000);

  it("audits all images with --all, and refuses answers for other data", async () => {
    const { folder, run } = await auditedFolder();
    const all = await run(...AUDIT, "--all");
    expect(all.out).toContain(`${COUNT} images audited`);
    await writeFile(path.join(folder, "probabilities.csv"), "row\n");
    const refused = await run(...AUDIT);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("expected the header row,split,fold,label,Angry,");
    const missing = await run("audit", "--csv", "out/synth.csv");
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("there are no probabilities at artifacts/crossval/synth");
  }, 120_000);
});
