import { readdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { imageAt, imagesAt, imageCount } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exploreDataset } from "../explore/dataset-report.ts";
import { findPictures } from "../near/pictures.ts";
import { lineOf, rowArbitrary, TINY, type Row } from "../testing/csv-text.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { findCopies, groupCopies } from "../near/group-copies.ts";
import { loadDataset } from "./load-dataset.ts";

const ROWS: Row[] = Array.from({ length: 40 }, (_, i) => ({
  label: i % 3,
  usage: i % 2,
  pixels: [i, (7 * i) % 256, 255 - i, 3],
}));

/** A CSV with these rows, and options that load it twice: into memory, and with its pixels on disk. */
async function twoWays(rows: readonly Row[], mostInMemory = 40) {
  const folder = await temporaryFolder();
  const csv = path.join(folder, "tiny.csv");
  await writeFile(csv, `emotion,pixels,Usage\n${rows.map(lineOf).join("\n")}\n`);
  await writeFile(path.join(folder, "tiny.manifest.json"), JSON.stringify(TINY));
  return {
    folder,
    memory: { csv, cacheFolder: path.join(folder, "memory") },
    disk: { csv, cacheFolder: path.join(folder, "disk"), mostInMemory },
  };
}

async function cacheFiles(folder: string): Promise<string[]> {
  return (await readdir(path.join(folder, "cache"))).filter((name) => name !== "index.json");
}

describe("a set that is too large for memory", () => {
  it("has the images of the same set in memory, from the CSV and from the cache", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 30 }),
        // At least one image is held in memory.
        fc.integer({ min: 4, max: 60 }),
        async (rows, mostInMemory) => {
          const { memory, disk } = await twoWays(rows, mostInMemory);
          const { set } = await loadDataset(memory);
          for (const fromCache of [false, true]) {
            const stored = await loadDataset(disk);
            expect(stored.fromCache).toBe(fromCache);
            expect(stored.set.stored !== undefined).toBe(4 * rows.length > mostInMemory);
            const positions = [...set.labels.keys()];
            const images = positions.map((i) => imageAt(stored.set, i));
            expect(images).toEqual(positions.map((i) => imageAt(set, i)));
            const { labels, usage, row } = stored.set;
            expect({ labels, usage, row }).toEqual({
              labels: set.labels,
              usage: set.usage,
              row: set.row,
            });
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("gives images in any order", async () => {
    const { memory, disk } = await twoWays(ROWS);
    const [{ set }, stored] = [await loadDataset(memory), await loadDataset(disk)];
    const order = [3, 39, 0, 0, 12, 13, 30, 1];
    expect(imagesAt(stored.set, order)).toEqual(imagesAt(set, order));
    expect(order.map((i) => imageAt(stored.set, i))).toEqual(order.map((i) => imageAt(set, i)));
  });

  it("gives copies of the pixels, so that later images do not change earlier ones", async () => {
    const { set } = await loadDataset((await twoWays(ROWS)).disk);
    const first = imageAt(set, 0);
    const before = [...first];
    for (let i = 1; i < imageCount(set); i++) imageAt(set, i);
    expect([...first]).toEqual(before);
  });

  it("gives the same report", async () => {
    const rows = [...ROWS, ...ROWS.slice(0, 5).map((row) => ({ ...row, usage: 2 }))];
    const { folder, memory, disk } = await twoWays(rows);
    const reports = [];
    for (const options of [memory, disk]) {
      const dataset = await loadDataset(options);
      const pictures = await findPictures(dataset.set, path.join(folder, "pictures"));
      reports.push(exploreDataset(dataset.set, dataset, { pictures, skippedRows: [] }));
    }
    expect(reports[1]).toEqual(reports[0]);
    expect(reports[0]?.duplicates.groups).toBe(5);
  });

  it("is read into memory by a caller that needs all pixels at once", async () => {
    const { memory, disk } = await twoWays(ROWS);
    await loadDataset(disk);
    const { set, fromCache } = await loadDataset({ ...disk, mostInMemory: undefined });
    expect({ set, fromCache }).toEqual({ set: (await loadDataset(memory)).set, fromCache: true });
  });

  it("is read again if its cache is cut off, and names the cache if it vanishes later", async () => {
    const { disk } = await twoWays(ROWS);
    const { set } = await loadDataset(disk);
    const [name = ""] = await cacheFiles(disk.cacheFolder);
    const file = path.join(disk.cacheFolder, "cache", name);
    await truncate(file, 1000);
    expect(() => imageAt(set, 5)).toThrow(/cannot read the cache .*it ends before image 5/);
    expect((await loadDataset(disk)).fromCache).toBe(false);
    expect((await loadDataset(disk)).fromCache).toBe(true);
  });

  it("leaves no file if a row is wrong or the reading is stopped", async () => {
    const bad = [...ROWS, { label: 9, pixels: [1, 2, 3, 4], usage: 0 }];
    const { disk } = await twoWays(bad);
    await expect(loadDataset(disk)).rejects.toThrow("line 42, column emotion");
    expect(await cacheFiles(disk.cacheFolder)).toEqual([]);
    const { disk: stopped } = await twoWays(ROWS);
    await expect(loadDataset({ ...stopped, signal: AbortSignal.abort() })).rejects.toThrow();
    expect(await readdir(stopped.cacheFolder).catch(() => [])).toEqual([]);
  });

  it.skipIf(withoutPython("safetensors"))("has a cache that safetensors opens", async () => {
    const { disk } = await twoWays(ROWS);
    await loadDataset(disk);
    const [name = ""] = await cacheFiles(disk.cacheFolder);
    const script = `
import json, sys
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as file:
    print(json.dumps({key: file.get_tensor(key).reshape(-1).tolist() for key in file.keys()}))`;
    const found = runPython(script, {
      args: [path.join(disk.cacheFolder, "cache", name)],
    });
    expect(found).toEqual({
      labels: ROWS.map(({ label }) => label),
      pixels: ROWS.flatMap(({ pixels }) => pixels),
      row: [...ROWS.keys()],
      usage: ROWS.map(({ usage }) => usage),
    });
  });
});

describe("copies", () => {
  it("are the images that are equal, each with the first one", () => {
    const image = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(fc.array(image, { maxLength: 40 }), (images) => {
        const set = {
          ...{ height: 1, width: 1, channels: 1, classes: ["a"] },
          pixels: Uint8Array.from(images),
          labels: new Uint8Array(images.length),
          usage: new Uint8Array(images.length),
          row: Uint32Array.from(images.keys()),
        };
        const { distinct, firstOf, groups } = findCopies(set);
        expect([...firstOf]).toEqual(images.map((value) => images.indexOf(value)));
        expect(distinct).toBe(new Set(images).size);
        const all = groupCopies(set);
        expect(all.flat().sort((a, b) => a - b)).toEqual([...images.keys()]);
        expect(all.map(([first]) => first)).toEqual([...new Set(firstOf)].sort((a, b) => a - b));
        expect(all.filter(({ length }) => length > 1)).toEqual(groups);
      }),
    );
  });
});
