import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { groupCopies } from "@mien/data";
import { itemAt, USAGES, type ImageSet } from "@mien/format";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../testing/run-command.ts";
import { smallSet, smallSplit, writeCsv } from "../testing/small-set.ts";

let folder: string;
const file = (...parts: string[]) => path.join(folder, ...parts);
const flags = [
  "crossval",
  "--csv",
  "small.csv",
  "--folds",
  "3",
  "--epochs",
  "2",
  "--batch-size",
  "16",
  "--widths",
  "4,4,8,8",
  "--dense-units",
  "8",
  "--learning-rate",
  "3e-3",
];
const run = (...more: string[]) => runCommand(folder, ...flags, ...more);

/** A set whose second Training row is a copy of the first. */
function withCopy(set: ImageSet): ImageSet {
  const size = set.height * set.width * set.channels;
  const [first, second] = smallSplit.train as unknown as [number, number];
  const pixels = set.pixels.slice();
  pixels.copyWithin(second * size, first * size, (first + 1) * size);
  return { ...set, pixels };
}

const set = withCopy(smallSet);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-crossval-"));
  await writeCsv(file("small.csv"), set);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Row {
  readonly row: string;
  readonly split: string;
  readonly fold: string;
  readonly label: string;
  readonly [name: string]: string;
}

const rowsOf = async (name: string) =>
  parse<Row>(await readFile(file(name, "probabilities.csv")), { columns: true });

describe("train:crossval", () => {
  it("predicts every training image by a model of its fold, and the validation images by all", async () => {
    const outcome = await run("--out", "cv", "--json", "cv.json");
    expect(outcome).toMatchObject({ code: 0 });
    const rows = await rowsOf("cv");
    expect(rows.length).toBe(smallSplit.train.length + smallSplit.validation.length);
    for (const row of rows) {
      const position = set.row.indexOf(Number(row.row));
      expect(row.split).toBe(USAGES[itemAt(set.usage, position)]);
      expect(row.label).toBe(set.classes[itemAt(set.labels, position)]);
      const sum = set.classes.reduce((total, name) => total + Number(row[name]), 0);
      expect(sum).toBeCloseTo(1, 4);
      const isTraining = row.split === "Training";
      expect(isTraining ? ["1", "2", "3"] : [""]).toContain(row.fold);
      expect(["Training", "PublicTest"]).toContain(row.split);
    }
    const foldOf = new Map(rows.map(({ row, fold }) => [Number(row), fold]));
    for (const copies of groupCopies(set, smallSplit.train).filter(({ length }) => length > 1)) {
      expect(new Set(copies.map((position) => foldOf.get(itemAt(set.row, position)))).size).toBe(1);
    }
    expect(existsSync(file("cv/fold-1/checkpoint"))).toBe(false);
  });

  it("writes features that NumPy reads, in the order of the CSV", async () => {
    const python = path.join(import.meta.dirname, "../../../../.venv/bin/python");
    const script =
      "import numpy, json; x = numpy.load('cv/features.npy'); print(json.dumps([str(x.dtype), *x.shape, float(x[3, 2]), bool(numpy.isfinite(x).all())]))";
    const { stdout } = await promisify(execFile)(python, ["-c", script], { cwd: folder });
    const images = smallSplit.train.length + smallSplit.validation.length;
    const bytes = await readFile(file("cv/features.npy"));
    const value = bytes.readFloatLE(bytes.length - 4 * (images * 8 - (3 * 8 + 2)));
    expect(JSON.parse(stdout)).toEqual(["float32", images, 8, value, true]);
  });

  it("continues after an interruption, and gives the same answers", async () => {
    await run("--out", "cut");
    // As a process that was killed while it trained the second model leaves the folder.
    const whole = await readFile(file("cut/probabilities.csv"), "utf8");
    await rm(file("cut/crossval.json"));
    await rm(file("cut/fold-3"), { recursive: true });
    await writeFile(file("cut/fold-2/answers.safetensors"), "damaged");
    const again = await run("--out", "cut");
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).not.toMatch(/fold 1, epoch/);
    expect(again.out).toMatch(/fold 2, epoch 1[^]*fold 3, epoch 2/);
    expect(await readFile(file("cut/probabilities.csv"), "utf8")).toBe(whole);
    expect(whole).toBe(await readFile(file("cv/probabilities.csv"), "utf8"));
  });

  it("ends at once when it is finished, and refuses other settings in its folder", async () => {
    const again = await run("--out", "cv");
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toMatch(/cv is finished/);
    const other = await run("--out", "cv", "--seed", "2");
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toMatch(/cross-validation of other data or settings[^]*--fresh/);
    const fresh = await run("--out", "cv", "--seed", "2", "--fresh", "--rows", "all");
    expect(fresh).toMatchObject({ code: 0 });
    expect((await rowsOf("cv")).map(({ fold }) => fold)).not.toContain("");
    expect((await rowsOf("cv")).length).toBe(set.labels.length);
  });

  it("is a source of train:teach, for the training images only", async () => {
    await run("--out", "taught");
    const outcome = await runCommand(
      folder,
      "teach",
      "taught",
      "--csv",
      "small.csv",
      "--out",
      "t.bin",
    );
    expect(outcome).toMatchObject({ code: 0 });
    const { readTeacher } = await import("../batch/teacher.ts");
    const text = await readFile(file("taught/crossval.json"), "utf8");
    const { data: source } = JSON.parse(text) as { data: { sha256: string } };
    const { byLabels } = await readTeacher(file("t.bin"), { set, data: source.sha256 });
    const classes = set.classes.length;
    const rowSum = (position: number) =>
      byLabels!.subarray(position * classes, (position + 1) * classes).reduce((a, b) => a + b, 0);
    expect(rowSum(itemAt(smallSplit.train, 0))).toBeCloseTo(1, 3);
    expect(rowSum(itemAt(smallSplit.validation, 0))).toBe(0);
    const row = (await rowsOf("taught")).find(({ split }) => split === "Training")!;
    const position = set.row.indexOf(Number(row.row));
    expect(byLabels![position * classes]).toBeCloseTo(Number(row[set.classes[0]!]), 1);
  });
});
