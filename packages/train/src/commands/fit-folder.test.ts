import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { USAGES, type RunConfig } from "@mien/format";
import { programWords } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkpointFile, loadCheckpoint, saveCheckpoint } from "../run/checkpoint.ts";
import { inputsKey, inputsOf } from "../run/run-inputs.ts";
import { runCommand } from "../testing/run-command.ts";
import { smallFlags, smallSet, writeCsv } from "../testing/small-set.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-folder-"));
  await writeCsv(file("small.csv"), smallSet);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...argv: string[]) => runCommand(folder, ...argv);
const fitWords = (argv: readonly string[]) => [
  ...["fit", "--csv", "small.csv", ...smallFlags],
  ...argv,
];
const fit = (...argv: string[]) => run(...fitWords(argv));

/** Starts train:fit in a process of its own, which can be interrupted. */
function startFit(...argv: string[]) {
  const [node, ...words] = programWords(path.join(import.meta.dirname, "../bin.ts"));
  const child = spawn(node, [...words, ...fitWords(argv)], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const done = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, out, err })),
  );
  return {
    done,
    interrupt: () => child.kill("SIGINT"),
    said: (text: string) => out.includes(text),
  };
}

const file = (...parts: string[]) => path.join(folder, ...parts);
const names = (start: string) => readdirSync(folder).filter((name) => name.startsWith(start));
const readConfig = async (run: string) =>
  JSON.parse(await readFile(file(run, "config.json"), "utf8")) as RunConfig;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(5);
}

/** Writes the small set's manifest beside a CSV of this name. */
async function writeManifest(csv: string, changes: object): Promise<void> {
  const { classes, height, width, channels } = smallSet;
  const image = { height, width, channels };
  const manifest = { name: csv, classes, image, licence: "none", source: "none", ...changes };
  await writeFile(file(`${csv}.manifest.json`), JSON.stringify(manifest));
}

describe("a training that is refused", () => {
  it("because it lacks a teacher, is refused before anything is read", async () => {
    const outcome = await run("fit", "--csv", "nowhere.csv", "--distillation", "0.5");
    expect(outcome).toMatchObject({ code: 2, out: "" });
    expect(outcome.err).toMatch(/--distillation needs a teacher's probabilities\n.*--teacher FILE/);
  });

  it("because no command accepts its name, is refused before anything is read", async () => {
    const { code, err } = await fit("--out=-x");
    expect(code).toBe(2);
    expect(err).toMatch(/^error: --out cannot be "-x": .* read as a flag\n/);
  });

  it("leaves no folder behind", async () => {
    const text = await readFile(file("small.csv"), "utf8");
    await writeFile(file("without-validation.csv"), text.replaceAll("PublicTest", "Training"));
    await writeFile(
      file("tiny.csv"),
      "emotion,pixels,Usage\n" +
        ["Training", "Training", "PublicTest"]
          .map((usage) => `0,${Array<number>(64).fill(7).join(" ")},${usage}\n`)
          .join(""),
    );
    await writeManifest("tiny", { image: { height: 8, width: 8, channels: 1 } });
    await cp(file("small.csv"), file("bored.csv"));
    await writeManifest("bored", { classes: ["Bored", ...smallSet.classes.slice(1)] });
    const columns = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF";
    const votes = Array.from(smallSet.usage, (usage) => `${USAGES[usage]!},,9,1,0,0,0,0,0,0,0,0\n`);
    await writeFile(file("votes.csv"), `Usage,Image name,${columns}\n${votes.join("")}`);
    for (const [name, message, ...flags] of [
      ["without-validation", "whose Usage is PublicTest, found 0"],
      ["tiny", "expected images of at least 16×16 pixels"],
      ["bored", 'no votes for the class "Bored"', "--vote-share", "1", "--ferplus", "votes.csv"],
    ] as const) {
      const outcome = await fit("--csv", `${name}.csv`, "--out", `runs/${name}`, ...flags);
      expect(outcome.code, outcome.err).toBe(1);
      expect(outcome.err).toContain(message);
      expect(existsSync(file("runs", name))).toBe(false);
    }
  }, 180_000);

  it("because its folder cannot be made, is refused in two lines before the data is loaded", async () => {
    await writeFile(file("afile"), "");
    await writeFile(file("broken.csv"), "no data set");
    const { code, err } = await fit("--csv", "broken.csv", "--out", "afile/x");
    expect(code).toBe(1);
    expect(err).toMatch(/^error: cannot make the folder afile\/x: ENOTDIR.*\n.*--out\.\n$/);
  });
});

describe("a training that is stopped", () => {
  it("after --fresh names the command that resumes it", async () => {
    const long = ["--epochs", "500"];
    const first = startFit(...long, "--out", "r", "--fresh");
    await until(() => existsSync(checkpointFile(file("r"))));
    first.interrupt();
    expect((await first.done).code).toBe(130);
    const second = startFit(...long, "--out", "r", "--fresh");
    await until(() => existsSync(checkpointFile(file("r-2"))));
    second.interrupt();
    const { code, err } = await second.done;
    expect(code).toBe(130);
    expect(err).toMatch(/To resume, repeat the command without --fresh and with --out r-2\.\n$/);
    const third = startFit(...long, "--out", "r-2");
    await until(() => third.said("resuming after epoch"));
    third.interrupt();
    const outcome = await third.done;
    expect(outcome).toMatchObject({ code: 130 });
    expect(outcome.err).toMatch(/Repeat the command to resume with epoch \d+\.\n$/);
    expect(names("r-")).toEqual(["r-2"]);
  }, 180_000);
});

describe("a finished run", () => {
  it("gets TensorBoard event files on request, and a warning for a file that is not read", async () => {
    const warned = ["--teacher", "none.bin", "--ferplus", "none.csv"];
    const trained = await fit("--out", "whole", ...warned);
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.err).toMatch(/--teacher is not read, as --distillation is 0/);
    expect(trained.err).toMatch(/--ferplus is not read, as --vote-share and --vote-head are 0/);
    const events = file("whole/tensorboard/train/events.out.tfevents.0.mien");
    expect(existsSync(events)).toBe(false);
    const again = await fit("--out", "whole", "--tensorboard");
    expect(again.out).toContain("whole is finished");
    expect((await readFile(events)).toString("latin1").split("learning_rate")).toHaveLength(4);
  }, 180_000);

  it("without its model, and older than a setting, is completed from its checkpoint", async () => {
    await cp(file("whole"), file("old"), { recursive: true });
    const weights = await readFile(file("old/model/weights.bin"));
    const config = await readConfig("old");
    const checkpoint = await loadCheckpoint(file("old"), inputsKey(inputsOf(config)));
    const { omit, ...hyperparameters } = config.hyperparameters;
    expect(omit).toBe("nothing");
    const old = { ...config, hyperparameters };
    await writeFile(file("old/config.json"), JSON.stringify(old));
    await saveCheckpoint(file("old"), checkpoint!, inputsKey(inputsOf(old)));
    await rm(file("old/model"), { recursive: true });
    await rm(file("old/tensorboard"), { recursive: true });
    const outcome = await fit("--out", "old", "--tensorboard");
    expect(outcome.code, outcome.err).toBe(0);
    expect(outcome.out).toMatch(/resuming after epoch (\d+) of \1\n/);
    expect(await readFile(file("old/model/weights.bin"))).toEqual(weights);
    expect(existsSync(file("old/tensorboard/train"))).toBe(true);
    expect(await readConfig("old")).toEqual(old);
  }, 180_000);

  it("is kept when the manifest gives its classes other names", async () => {
    const classes = [...smallSet.classes].reverse();
    const before = await readConfig("whole");
    await writeManifest("small", { classes });
    const outcome = await fit("--out", "whole", "--epochs", "3");
    expect(outcome.code, outcome.err).toBe(0);
    expect(await readConfig("whole")).toEqual(before);
    expect(await readConfig("whole-2")).toMatchObject({ classes, name: "whole-2" });
    const taught = await run("teach", "whole", "--csv", "small.csv");
    expect(taught.code).toBe(1);
    expect(taught.err).toMatch(/error: whole was trained when the manifest .* gave other classes/);
    await rm(file("small.manifest.json"));
  }, 180_000);
});

describe("train:teach", () => {
  it("reads the rows that the runs were trained on, from the same file", async () => {
    const text = await readFile(file("small.csv"), "utf8");
    await writeFile(file("wrong.csv"), text.replace(/^(.*\n.*\n)\d/, "$19"));
    const flags = ["--csv", "wrong.csv", "--skip-bad-rows", "--epochs", "1", "--out", "wrong"];
    expect(await fit(...flags)).toMatchObject({ code: 0 });
    await mkdir(file("afolder"));
    const refused = await run("teach", "wrong", "--out", "afolder");
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toMatch(/^error: --out cannot be written to afolder: it is a folder\n/);
    const outcome = await run("teach", "wrong", "--out", "teacher.bin");
    expect(outcome.code, outcome.err).toBe(0);
    expect(outcome.out).toMatch(/1 source: [\d.]+ % of the \d+ training labels agree/);
    expect(existsSync(file("teacher.bin"))).toBe(true);
  }, 180_000);

  it("refuses an exported model that was trained on other data, and one in 8 bits", async () => {
    const released = (name: string) =>
      path.resolve(import.meta.dirname, "../../../../artifacts/release", name);
    const other = await run("teach", released("pocket.onnx"), "--csv", "small.csv");
    expect(other).toMatchObject({ code: 1, out: "" });
    expect(other.err).toMatch(
      /pocket\.onnx was trained on other data than small\.csv\n.*--csv FILE/,
    );
    const quantised = await run("teach", released("pocket.int8.onnx"), "--csv", "small.csv");
    expect(quantised).toMatchObject({ code: 1, out: "" });
    expect(quantised.err).toMatch(/expected a model in fp32, found int8\n/);
  });
});

describe("the numbers of images that fit prints", () => {
  it("are the share of the training images that --subset names", async () => {
    const outcome = await fit("--out", "part", "--subset", "0.5");
    expect(outcome.code, outcome.err).toBe(0);
    const [, used, all] = /: (\d+) of (\d+) training and \d+ validation images/.exec(outcome.out)!;
    expect(Number(used)).toBeGreaterThanOrEqual(Number(all) / 2);
    expect(Number(used)).toBeLessThan(Number(all) / 2 + 7);
  });
});
