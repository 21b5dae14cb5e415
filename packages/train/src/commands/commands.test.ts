import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { decodeTensors, tensorOf, type Calibration, type RunMetrics } from "@mien/format";
import { programWords } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkpointFile } from "../run/checkpoint.ts";
import { openTrainedModel } from "../index.ts";
import { hasOwnOps } from "../tensor/own-ops.ts";
import { cpuHasBfloat16 } from "../tensor/precision.ts";
import { smallFlags, smallSet, smallSplit, writeCsv } from "../testing/small-set.ts";
import { runCommand } from "../testing/run-command.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-train-"));
  await writeCsv(path.join(folder, "small.csv"), smallSet);
  // Says on exit whether TensorFlow was loaded.
  await writeFile(
    path.join(folder, "spy.cjs"),
    `process.on("exit", () => process.stderr.write(
      Object.keys(require.cache).some((file) => file.includes("tfjs-node")) ? "[tensorflow]" : "[light]"));`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...argv: string[]) => runCommand(folder, ...argv);

/** Starts a command in a process of its own; `kill` ends it without a chance to clean up. */
function start(...argv: string[]) {
  const [node, ...words] = programWords(path.join(import.meta.dirname, "../bin.ts"), {
    nodeFlags: ["--require", path.join(folder, "spy.cjs")],
  });
  const child = spawn(node, [...words, ...argv], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const done = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, out, err })),
  );
  return { done, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

const fitFlags = ["fit", "--csv", "small.csv", ...smallFlags];
const file = (...parts: string[]) => path.join(folder, ...parts);
const json = async (name: string) => JSON.parse(await readFile(file(name), "utf8")) as unknown;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(5);
}

describe("train:fit", () => {
  it("trains on the correct rows of a file with an invalid one, on request, and evaluates on them again", async () => {
    const text = await readFile(file("small.csv"), "utf8");
    await writeFile(file("wrong.csv"), text.replace(/^(.*\n.*\n)\d/, "$19"));
    const flags = ["fit", "--csv", "wrong.csv", ...smallFlags, "--epochs", "1", "--out", "wrong"];
    const strict = await run(...flags);
    expect(strict).toMatchObject({ code: 1 });
    expect(strict.err).toMatch(/wrong\.csv, line 3, column emotion[^]*--skip-bad-rows/);
    expect(existsSync(file("wrong"))).toBe(false);
    const lenient = await run(...flags, "--skip-bad-rows");
    expect(lenient).toMatchObject({ code: 0 });
    expect(lenient.err).toMatch(/1 invalid row is left out:\n.*line 3/);
    expect(await json("wrong/config.json")).toMatchObject({ data: { skippedRows: 1 } });
    expect(await run("evaluate", "wrong")).toMatchObject({ code: 0 });
  });

  it("killed at any moment and repeated, ends with the weights of an uninterrupted run", async () => {
    const uninterrupted = await run(...fitFlags, "--out", "whole", "--json", "whole.json");
    expect(uninterrupted).toMatchObject({ code: 0 });
    expect(uninterrupted.out).toMatch(/epoch 3\/3 [^]*accuracy[^]*wrote whole\/metrics\.json/);
    expect(uninterrupted.out).toMatch(/next {2}npx nx run export:onnx whole/);
    expect(await json("whole.json")).toMatchObject({ run: "whole", upToDate: false });

    // Killed first at its first checkpoint, that is, in the second epoch.
    const first = start(...fitFlags, "--out", "killed");
    await until(() => existsSync(checkpointFile(file("killed"))));
    first.kill("SIGKILL");
    expect((await first.done).code).toBeNull();
    expect(existsSync(file("killed/metrics.json"))).toBe(false);

    // Then terminated by a signal that it can handle.
    const second = start(...fitFlags, "--out", "killed");
    await setTimeout(700);
    second.kill("SIGTERM");
    expect([0, 130, null]).toContain((await second.done).code);

    expect(await run(...fitFlags, "--out", "killed")).toMatchObject({ code: 0 });
    for (const part of ["model/weights.bin", "reference.bin", "metrics.json"]) {
      const [a, b] = [await readFile(file("whole", part)), await readFile(file("killed", part))];
      expect(a.equals(b), part).toBe(true);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("killed"))).toEqual(["killed"]);
    expect(readdirSync(file("killed")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("repeated when finished, ends at once and loads no TensorFlow", async () => {
    const before = await readFile(file("whole/metrics.json"));
    const again = await start(...fitFlags, "--out", "whole", "--json", "again.json").done;
    expect(again.code).toBe(0);
    expect(again.out).toMatch(/whole is finished and was made from the same data and settings/);
    expect(again.err).toMatch(/\[light\]$/);
    expect(await json("again.json")).toMatchObject({ run: "whole", upToDate: true });
    expect(await readFile(file("whole/metrics.json"))).toEqual(before);
  });

  it("refuses unknown settings before it reads anything", async () => {
    await writeFile(file("wrong.json"), '{"learnRate": 1}');
    const outcome = await start("fit", "--csv", "small.csv", "--config", "wrong.json").done;
    expect(outcome).toMatchObject({ code: 1, out: "" });
    expect(outcome.err).toMatch(/^error: wrong\.json: unknown key learnRate\nKnown keys: epochs/);
    expect(outcome.err).toMatch(/\[light\]$/);
  });
});

describe("the run folder", () => {
  it("holds reference outputs that its model reproduces", async () => {
    const reference = decodeTensors(await readFile(file("whole/reference.bin")), "reference.bin");
    const inputs = tensorOf(reference, "inputs", "F32");
    const outputs = tensorOf(reference, "outputs", "F32");
    expect(inputs.shape).toEqual([smallSplit.validation.length, 48, 48, 1]);
    expect(outputs.shape).toEqual([smallSplit.validation.length, 7]);
    const model = await openTrainedModel(file("whole"));
    const found = await model.predict(inputs.data, inputs.shape[0]!);
    expect(found).toEqual(outputs.data);
    const one = model.predictSync(inputs.data.subarray(0, 48 * 48), 1);
    one.forEach((value, i) => expect(value).toBeCloseTo(found[i]!, 5));
    expect(model.classes).toEqual(smallSet.classes);
    model.dispose();
  });

  it("is refused without a whole model", async () => {
    await expect(openTrainedModel(file("nowhere"))).rejects.toMatchObject({ code: "missing-file" });
    const weights = file("killed/model/weights.bin");
    await writeFile(weights, (await readFile(weights)).subarray(0, 100));
    await expect(openTrainedModel(file("killed"))).rejects.toMatchObject({ code: "bad-model" });
    await rm(file("killed/model"), { recursive: true });
    await expect(openTrainedModel(file("killed"))).rejects.toThrow(/cannot open .*model\.json/);
  });
});

describe("train:evaluate", () => {
  it("computes the same validation metrics again, and does not use the test split", async () => {
    const before = (await json("whole/metrics.json")) as RunMetrics;
    const outcome = await run("evaluate", "whole");
    expect(outcome).toMatchObject({ code: 0 });
    const after = (await json("whole/metrics.json")) as RunMetrics;
    expect(after).toMatchObject(before);
    expect(after.validation.averaged?.images).toBe(smallSplit.validation.length);
    expect(existsSync(file("whole/openings.jsonl"))).toBe(false);
    for (const plot of ["confusion", "roc", "precision-recall"]) {
      expect(existsSync(file(`whole/${plot}-validation.png`)), plot).toBe(true);
      expect(existsSync(file(`whole/${plot}-test.png`)), plot).toBe(false);
    }
    expect(outcome.out).toMatch(/95 % interval +top-2 +macro-F1/);
    const report = await readFile(file("whole/report.html"), "utf8");
    const errors = after.validation.images * (1 - after.validation.accuracy);
    const maps = report.match(/alt="occlusion map of CSV row/g) ?? [];
    expect(maps).toHaveLength(Math.min(24, Math.round(errors)));
  });

  it("uses the test split only with --final, and records each access", async () => {
    for (const times of [1, 2]) {
      const outcome = await run("evaluate", "whole", "--csv", "small.csv", "--final");
      expect(outcome).toMatchObject({ code: 0 });
      expect(outcome.err).toMatch(/This was the (first|second) test-set access/);
      expect(outcome.err.includes("WAS EVALUATED ON THE TEST SPLIT BEFORE")).toBe(times === 2);
      const lines = (await readFile(file("whole/openings.jsonl"), "utf8")).trim().split("\n");
      expect(lines).toHaveLength(times);
      const { test } = (await json("whole/metrics.json")) as RunMetrics;
      expect(test!.images).toBe(smallSplit.test.length);
      expect(test!.rocAuc).toHaveLength(smallSet.classes.length);
      expect(existsSync(file("whole/roc-test.png"))).toBe(true);
      expect(JSON.parse(lines[0]!)).toMatchObject({
        images: test!.images,
        accuracy: test!.accuracy,
        run: "whole",
      });
    }
  });

  it("restores test metrics that were lost from the stored predictions, without another access", async () => {
    const metrics = (await json("whole/metrics.json")) as RunMetrics;
    const { test, ...others } = metrics;
    await writeFile(file("whole/metrics.json"), JSON.stringify(others));
    expect(await run("evaluate", "whole")).toMatchObject({ code: 0 });
    expect(((await json("whole/metrics.json")) as RunMetrics).test).toEqual(test);
    const lines = (await readFile(file("whole/openings.jsonl"), "utf8")).trim().split("\n");
    expect(lines).toHaveLength(2);
  });

  it("refuses --final without the name of a run, and a run that was trained on votes without them", async () => {
    const outcome = await run("evaluate", "--final");
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.err).toMatch(/--final needs the name of the run/);
    const config = (await json("whole/config.json")) as object;
    await cp(file("whole"), file("voted"), { recursive: true });
    const votes = { path: "gone.csv", sha256: "0".repeat(64) };
    await writeFile(file("voted/config.json"), JSON.stringify({ ...config, votes }));
    const before = await readFile(file("voted/calibration.json"), "utf8");
    const voted = await run("evaluate", "voted");
    expect(voted.code).toBe(1);
    expect(voted.err).toMatch(/voted was trained on FER\+ votes; none are found[^]*--ferplus gone/);
    expect(await readFile(file("voted/calibration.json"), "utf8")).toBe(before);
  });

  it("writes a calibration, and a report without further files", async () => {
    const { temperature, ece } = (await json("whole/calibration.json")) as Calibration;
    const { test, validation } = (await json("whole/metrics.json")) as RunMetrics;
    expect(validation.calibrated).toMatchObject({ temperature, ece: ece.after });
    expect(validation.ece).toBe(ece.before);
    expect(test!.calibrated!.temperature).toBe(temperature);
    const page = await readFile(file("whole/report.html"), "utf8");
    const html = page.replace(/data:image[^"]*/g, "data:");
    expect(html.match(/(src|href)="(?!data:)|NaN|undefined/)).toBeNull();
    expect(html.includes(`${(100 * test!.accuracy).toFixed(2)} %`)).toBe(true);
    expect(html.includes("There were 2 test-set accesses")).toBe(true);
    expect(html.match(/<polyline/g)!.length).toBeGreaterThanOrEqual(6);
  });

  it("refuses other data than the run was trained on", async () => {
    const other = { ...smallSet, labels: smallSet.labels.map((label) => (label + 1) % 7) };
    await writeCsv(file("other.csv"), other);
    const outcome = await run("evaluate", "whole", "--csv", "other.csv");
    expect(outcome.code).toBe(1);
    expect(outcome.err).toMatch(/whole was trained on data with SHA-256[^]*--csv small\.csv/);
  });
});

describe("train:benchmark", () => {
  it("gives speed, processor time and operations of both ways, and their ratio", async () => {
    const argv = ["benchmark", "--no-keras", "--seconds", "1", "--batch-size", "4"];
    const outcome = await run(...argv, "--json", "speed.json");
    expect(outcome).toMatchObject({ code: 0 });
    const speed = (await json("speed.json")) as Record<string, Record<string, number>>;
    expect(speed).toMatchObject({ keras: null, batchSize: 4, parameters: 980455 });
    expect(speed["bf16"] !== null).toBe(cpuHasBfloat16());
    expect(speed["plain"] !== null).toBe(hasOwnOps());
    const ways = ["stock", "keras", "fp32", "plain", "bf16"].filter((way) => speed[way] !== null);
    for (const way of ways) {
      const { imagesPerSecond, cpuMsPerStep, gflops } = speed[way]!;
      expect(imagesPerSecond).toBeGreaterThan(0);
      expect(cpuMsPerStep).toBeGreaterThan(0);
      // Multiply-adds: two passes over the first layer's 0.664 million, three over 32.442 million.
      expect(gflops! / imagesPerSecond!).toBeCloseTo((2 * (2 * 0.664 + 3 * 32.442)) / 1000, 4);
    }
    expect(speed["ratio"]).toBeCloseTo(
      speed["fp32"]!["imagesPerSecond"]! / speed["stock"]!["imagesPerSecond"]!,
      9,
    );
  }, 120_000);
});
