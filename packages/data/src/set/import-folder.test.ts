import { existsSync } from "node:fs";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { imageAt, imageCount, officialSplit, USAGES } from "@mien/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupCopies } from "../near/group-copies.ts";
import { loadDataset } from "./load-dataset.ts";
import { synthesize } from "../synth/synthesize.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { greyPng, writeFiles } from "../testing/image-files.ts";
import { tinySet } from "../testing/image-set.ts";
import { assignSplits } from "../split/assign-splits.ts";
import { DEFAULT_SETTINGS, importFolder } from "./import-folder.ts";

const FER2013 = path.join(process.env["MIEN_DATA"] ?? "", "fer2013.csv.gz");
const WITHOUT_FER2013 = !process.env["MIEN_DATA"] || !existsSync(FER2013);
const SPLIT_FOLDERS = ["train", "val", "test"];

/** A folder with some images of 48×48 pixels in two classes. */
async function smallFolder(images = 6): Promise<string> {
  const folder = path.join(await temporaryFolder(), "faces");
  for (let i = 0; i < images; i++) {
    const png = await greyPng(Array.from({ length: 48 * 48 }, (_, at) => (at * i) % 256));
    await writeFiles(folder, { [`${i % 2 === 0 ? "sad" : "happy"}/${i}.png`]: png });
  }
  return folder;
}

const settings = DEFAULT_SETTINGS;

describe("an import", () => {
  it.skipIf(WITHOUT_FER2013)(
    "of images of FER2013, exported as PNG, has the same pixels, labels and splits",
    async () => {
      const root = await temporaryFolder();
      const { set } = await loadDataset({ csv: FER2013, cacheFolder: root });
      const positions = Array.from({ length: 300 }, (_, i) => i * 119);
      const folder = path.join(root, "fer");
      const names = positions.map((position) => {
        const [split, label] = [set.usage[position] ?? 0, set.labels[position] ?? 0];
        return `${SPLIT_FOLDERS[split]}/${set.classes[label]?.toLowerCase()}/${position}.png`;
      });
      for (const [i, name] of names.entries()) {
        await writeFiles(folder, { [name]: await greyPng([...imageAt(set, positions[i] ?? 0)]) });
      }
      const csv = path.join(root, "fer.csv.gz");
      const { report } = await importFolder({ folder, csv, settings });
      expect(report).toMatchObject({ images: 300, leftOut: [], notes: [], classes: set.classes });
      const back = await loadDataset({ csv, cacheFolder: root });
      expect(back.warnings).toEqual([]);
      const order = Array.from(positions.keys()).sort((a, b) =>
        (names[a] ?? "") < (names[b] ?? "") ? -1 : 1,
      );
      order.forEach((index, row) => {
        const position = positions[index] ?? 0;
        const found = [back.set.labels[row], back.set.usage[row], imageAt(back.set, row)];
        expect(found).toEqual([set.labels[position], set.usage[position], imageAt(set, position)]);
      });
      expect(new Set(back.set.usage)).toEqual(new Set([0, 1, 2]));
    },
  );

  it("is the same text each time, compressed or not, with a manifest that fits", async () => {
    const folder = await smallFolder();
    const root = await temporaryFolder();
    const [plain, zipped] = [path.join(root, "a.csv"), path.join(root, "b.csv.gz")];
    const first = await importFolder({ folder, csv: plain, settings });
    const second = await importFolder({ folder, csv: zipped, settings });
    const text = await readFile(plain);
    expect(gunzipSync(await readFile(zipped)).equals(text)).toBe(true);
    expect(text.toString().split("\n")[1]).toMatch(/^0,(\d+ ){2303}\d+,Training$/);
    for (const { csv, report } of [first, second]) {
      const { set, warnings, sha256, manifest } = await loadDataset({ csv, cacheFolder: root });
      expect({ warnings, sha256 }).toEqual({ warnings: [], sha256: report.sha256 });
      expect(manifest.file).toMatchObject({ rows: 6 });
      expect(imageCount(set)).toBe(6);
      expect([...set.labels]).toEqual([0, 0, 0, 1, 1, 1]);
    }
  });

  it("is repeated only if an image or a setting has changed", async () => {
    const folder = await smallFolder();
    const csv = path.join(await temporaryFolder(), "a.csv");
    const run = (more: Partial<typeof settings> = {}) =>
      importFolder({ folder, csv, settings: { ...settings, ...more } });
    const first = await run();
    expect(first.upToDate).toBe(false);
    expect(await run()).toEqual({ ...first, upToDate: true });
    const smaller = await run({ size: 24, channels: 3 });
    expect(smaller).toMatchObject({
      upToDate: false,
      report: { image: { width: 24, channels: 3 } },
    });
    await rm(path.join(folder, "sad/0.png"));
    expect((await run({ size: 24, channels: 3 })).report.images).toBe(5);
    await rm(csv);
    expect((await run({ size: 24, channels: 3 })).upToDate).toBe(false);
  });

  it("does not write over a CSV that was not imported", async () => {
    const folder = await smallFolder();
    const csv = path.join(await temporaryFolder(), "precious.csv");
    await writeFile(csv, "mine");
    await expect(importFolder({ folder, csv, settings })).rejects.toMatchObject({
      code: "conflict",
      message: `${csv} exists and is not from data:import`,
    });
    expect(await readFile(csv, "utf8")).toBe("mine");
  });

  it.each(["a.csv", "a.csv.gz"])("of %s that is interrupted leaves nothing", async (name) => {
    const folder = await smallFolder(240);
    const out = await temporaryFolder();
    const csv = path.join(out, name);
    for (const moment of ["reading images", "writing rows"]) {
      const stop = new AbortController();
      const terminal = {
        ...{ say: ignore, warn: ignore, table: ignore, wrote: ignore, next: ignore },
        progress: (label: string) => ({
          update: (done: number) => void (label === moment && done >= 100 && stop.abort()),
          stop: ignore,
        }),
      };
      const { signal } = stop;
      await expect(importFolder({ folder, csv, settings, terminal, signal })).rejects.toMatchObject(
        { code: "interrupted", message: `${moment}; nothing was written` },
      );
      expect(await readdir(out)).toEqual([]);
    }
  });

  it("fails if no image can be read, and names the reasons", async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { "a/1.png": "", "b/1.png": "text" });
    const csv = path.join(root, "out.csv");
    await expect(importFolder({ folder: root, csv, settings })).rejects.toMatchObject({
      code: "missing-file",
      advice: expect.stringMatching(/^ {2}a\/1.png is empty.*\n {2}b\/1.png is no/) as string,
    });
    await expect(stat(csv)).rejects.toThrow("ENOENT");
  });

  it("says which splits lack a class, and how to get a validation split", async () => {
    const root = await temporaryFolder();
    const png = await greyPng(Array.from({ length: 64 }, () => 9));
    const names = ["train/a/1", "train/a/2", "train/b/1", "train/b/2", "test/b/1"];
    await writeFiles(root, Object.fromEntries(names.map((name) => [`${name}.png`, png])));
    const csv = path.join(await temporaryFolder(), "a.csv");
    const { report } = await importFolder({ folder: root, csv, settings });
    expect(report.notes).toEqual([
      "enlarged, because they are smaller, to 48×48: 5 images",
      "PrivateTest has no image of a",
      expect.stringMatching(/no image is PublicTest.*--split 70\/10\/20 /),
    ]);
  });
});

describe("splits that are assigned", () => {
  const choice = { split: "70/20/10", splitSeed: 1, splitTogether: "near-copies" } as const;

  it("have the shares that were asked for, in each class", () => {
    const all = tinySet(
      Array.from({ length: 700 }, (_, i) => [i % 7 === 0 ? 1 : 0, 0, [i >> 8, i & 255, 0, 0]]),
    );
    const { usage, labels } = assignSplits(
      all,
      choice,
      all.row.map((_, i) => i),
    );
    for (const [label, images] of [600, 100].entries()) {
      const counts = USAGES.map((_, code) => {
        return usage.filter((one, i) => one === code && labels[i] === label).length / images;
      });
      expect(counts).toEqual([0.7, 0.2, 0.1]);
    }
  });

  it("keep the test images of the folders, and copies together", () => {
    const anyImage = fc.tuple(fc.nat(1), fc.constantFrom(0, 0, 1, 2), fc.nat(30));
    fc.assert(
      fc.property(fc.array(anyImage, { maxLength: 80 }), fc.boolean(), (images, hasTest) => {
        const set = tinySet(
          [...images, [0, 0, 99] as const].map(([label, usage, value]) => {
            return [label, hasTest ? usage : 0, [value, 0, 0, 0]];
          }),
        );
        const copies = groupCopies(set);
        const pictureOf = new Uint32Array(set.labels.length);
        for (const group of copies) for (const i of group) pictureOf[i] = group[0]!;
        const made = assignSplits(set, choice, pictureOf);
        const tests = officialSplit(set).test;
        const madeTests = officialSplit(made).test;
        expect(madeTests).toEqual(tests.length > 0 ? tests : madeTests);
        for (const copied of copies) {
          const group = copied.filter((i) => set.usage[i] !== 2);
          expect(new Set(group.map((i) => made.usage[i])).size).toBeLessThanOrEqual(1);
        }
        expect(assignSplits(set, choice, pictureOf)).toEqual(made);
      }),
    );
  });

  it("are those of the folders by default", () => {
    const set = synthesize({ count: 70, seed: 1 });
    expect(assignSplits(set, { split: "official" }, set.row)).toBe(set);
  });
});

function ignore(): void {
  // Nothing is printed.
}
