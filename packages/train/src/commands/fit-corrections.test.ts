import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { imageAt, type RunConfig, type RunMetrics } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPredictions } from "../score/predictions.ts";
import { runCommand } from "../testing/run-command.ts";
import { smallFlags, smallSet, smallSplit, writeCsv } from "../testing/small-set.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-corrections-"));
  await writeCsv(path.join(folder, "small.csv"), smallSet);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fit = (...argv: string[]) =>
  runCommand(folder, "fit", "--csv", "small.csv", ...smallFlags, "--epochs", "1", ...argv);
const file = (...parts: string[]) => path.join(folder, ...parts);
const json = async <T>(name: string) => JSON.parse(await readFile(file(name), "utf8")) as T;

const HEADER = "row,action,label,new label,note\n";
const labelOf = (position: number) => smallSet.classes[smallSet.labels[position]!]!;
const otherThan = (label: string) => smallSet.classes.find((name) => name !== label)!;
const line = (position: number, action: "keep" | "relabel" | "drop") => {
  const label = labelOf(position);
  const newLabel = action === "relabel" ? otherThan(label) : "";
  return `${smallSet.row[position]!},${action},${label},${newLabel},\n`;
};
const [first, second, third] = smallSplit.train;
const held = smallSplit.validation[0]!;

describe("a run with --corrections", () => {
  it("trains on corrected labels without the dropped images, and keeps the validation labels", async () => {
    const source = await readFile(file("small.csv"));
    const lines = [
      line(first!, "relabel"),
      line(second!, "drop"),
      line(third!, "keep"),
      line(held, "drop"),
    ];
    await writeFile(file("c.csv"), HEADER + lines.join(""));
    const { code, out, err } = await fit("--corrections", "c.csv", "--out", "corrected");
    expect(code, err).toBe(0);
    expect(out).toContain(
      "corrections: 1 relabelled, 1 dropped, 1 confirmed, 1 outside the training split not applied\n",
    );
    const { length } = smallSplit.train;
    expect(out).toContain(`corrected: ${length - 1} training and`);
    const config = await json<RunConfig>("corrected/config.json");
    expect(config.corrections?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const { labels } = await readPredictions(file("corrected"), "validation");
    expect([...labels]).toEqual(Array.from(smallSplit.validation, (i) => smallSet.labels[i]));
    expect((await readFile(file("small.csv"))).equals(source)).toBe(true);

    // A data set that is corrected by hand gives the same model.
    const labelsByHand = Uint8Array.from(smallSet.labels);
    labelsByHand[first!] = smallSet.classes.indexOf(otherThan(labelOf(first!)));
    const kept = Array.from(smallSet.row.keys()).filter((i) => i !== second);
    await writeCsv(file("by-hand.csv"), {
      ...smallSet,
      pixels: Uint8Array.from(kept.flatMap((i) => [...imageAt(smallSet, i)])),
      labels: Uint8Array.from(kept, (i) => labelsByHand[i]!),
      usage: Uint8Array.from(kept, (i) => smallSet.usage[i]!),
    });
    const byHand = await fit("--csv", "by-hand.csv", "--out", "by-hand");
    expect(byHand.code, byHand.err).toBe(0);
    const [a, b] = await Promise.all(
      ["corrected", "by-hand"].map((run) => json<RunMetrics>(`${run}/metrics.json`)),
    );
    expect(a!.validation.loss).toBe(b!.validation.loss);
  }, 180_000);

  it("is another run than one without corrections or with a changed file", async () => {
    await writeFile(file("c.csv"), HEADER + line(first!, "relabel"));
    const run = ["--out", "changed", "--corrections", "c.csv"];
    expect((await fit(...run)).out).toContain("run   changed:");
    expect((await fit(...run)).out).toContain("changed is finished");
    await writeFile(file("c.csv"), HEADER + line(first!, "drop"));
    expect((await fit(...run)).out).toContain("run   changed-2:");
    expect((await fit("--out", "changed")).out).toContain("run   changed-3:");
    // Without metrics, the newest run is unfinished.
    await rm(file("changed-3/metrics.json"));
    const refused = await fit(...run.slice(0, 2), "--corrections", "other.csv");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain("other.csv");
    await writeFile(file("other.csv"), HEADER);
    const unfinished = await fit("--out", "changed", "--corrections", "other.csv");
    expect(unfinished.code).toBe(1);
    expect(unfinished.err).toMatch(/changed-3 is unfinished .*\n {2}corrections: \(none\) → /);
  }, 180_000);

  it("names the line that does not fit the data set, before anything is written", async () => {
    await writeFile(file("c.csv"), `${HEADER}${line(first!, "keep")}99999,drop,Angry,,\n`);
    const outcome = await fit("--corrections", "c.csv", "--out", "none");
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain("c.csv: line 3: the data set has no row 99999");
    await expect(readFile(file("none/config.json"))).rejects.toThrow();
  });
});
