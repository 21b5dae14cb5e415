import { createHash } from "node:crypto";
import { mkdir, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { MienError } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it, vi } from "vitest";
import { identifyDataset, loadDataset } from "./load-dataset.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { TINY } from "../testing/csv-text.ts";

const CSV = [
  "emotion,pixels,Usage",
  "0,1 2 3 4,Training",
  "2,255 0 7 80,PublicTest",
  "1,9 8 7 6,PrivateTest",
  "",
].join("\n");
const BROKEN = CSV.replace("255 0", "256 0");
const SHA256 = createHash("sha256").update(CSV).digest("hex");

/** A folder with `tiny.csv[.gz]`, its manifest, and options that load it. */
async function tinyDataset(content: string | Buffer = CSV, name = "tiny.csv") {
  const folder = await temporaryFolder();
  const csv = path.join(folder, name);
  await writeFile(csv, content);
  await writeFile(path.join(folder, "tiny.manifest.json"), JSON.stringify(TINY));
  return { folder, csv, cacheFolder: path.join(folder, "caches") };
}

describe("loadDataset", () => {
  it("returns the rows, the hash of the content and the manifest", async () => {
    const dataset = await loadDataset(await tinyDataset());
    expect([...dataset.set.labels]).toEqual([0, 2, 1]);
    expect([...dataset.set.usage]).toEqual([0, 1, 2]);
    expect([...dataset.set.pixels]).toEqual([1, 2, 3, 4, 255, 0, 7, 80, 9, 8, 7, 6]);
    expect(dataset.set).toMatchObject({ height: 2, width: 2, channels: 1, classes: TINY.classes });
    expect(dataset).toMatchObject({ sha256: SHA256, manifest: TINY, fromCache: false });
    expect(dataset).toMatchObject({ skipped: [], warnings: [] });
  });

  it("returns the same from the cache, also for a gzipped or renamed copy", async () => {
    const options = await tinyDataset();
    const first = await loadDataset(options);
    const second = await loadDataset(options);
    expect(second).toEqual({ ...first, fromCache: true });
    const zipped = path.join(options.folder, "tiny.csv.gz");
    await writeFile(zipped, gzipSync(CSV));
    const third = await loadDataset({ ...options, csv: zipped });
    expect(third.set).toEqual(first.set);
    expect(third.sha256).toBe(SHA256);
  });

  it("warns of differences from the expected layout, also from the cache", async () => {
    const options = await tinyDataset(CSV.replaceAll(",", ";"));
    const first = await loadDataset(options);
    expect(first.warnings).toEqual([
      expect.stringMatching(/^.*tiny\.csv: its columns are separated by semicolons, .*\.$/),
    ]);
    expect(await loadDataset(options)).toEqual({ ...first, fromCache: true });
  });

  it("says which manifest defines the classes, or that there is no manifest", async () => {
    const options = await tinyDataset(CSV.replace("0,1 2", "7,1 2"));
    const manifest = path.join(options.folder, "tiny.manifest.json");
    const advice = () =>
      loadDataset(options).then(
        () => "",
        (error: MienError) => error.advice,
      );
    expect(await advice()).toContain(`0 Cat, 1 Dog, 2 Owl, by ${manifest}.`);
    await rm(manifest);
    expect(await advice()).toMatch(/6 Neutral, as in FER2013, because there is no manifest\./);
    expect(await advice()).toContain(`write ${manifest} (see docs/format.md)`);
  });

  it("notices changed content, even of the same size", async () => {
    const options = await tinyDataset();
    await loadDataset(options);
    await writeFile(options.csv, CSV.replace("1 2 3 4", "4 3 2 1"));
    expect([...(await loadDataset(options)).set.pixels].slice(0, 4)).toEqual([4, 3, 2, 1]);
  });

  it("reads the CSV again if the cache is truncated, and replaces the cache", async () => {
    const options = await tinyDataset();
    const { set } = await loadDataset(options);
    const folder = path.join(options.cacheFolder, "cache");
    const caches = (await readdir(folder)).filter((name) => name.endsWith(".safetensors"));
    await Promise.all(caches.map((name) => truncate(path.join(folder, name), 100)));
    expect(caches).toHaveLength(1);
    expect(await loadDataset(options)).toMatchObject({ set, fromCache: false });
    expect(await loadDataset(options)).toMatchObject({ set, fromCache: true });
  });

  it("does not use a cache that was made for other classes or another image size", async () => {
    const options = await tinyDataset();
    await loadDataset(options);
    const manifest = {
      ...TINY,
      classes: ["a", "b", "c", "d"],
      image: { ...TINY.image, height: 1, width: 4 },
    };
    await writeFile(path.join(options.folder, "tiny.manifest.json"), JSON.stringify(manifest));
    const { set, fromCache } = await loadDataset(options);
    expect(fromCache).toBe(false);
    expect(set).toMatchObject({ height: 1, width: 4, classes: manifest.classes });
  });

  it("does not use a cache with skipped rows unless rows may be skipped", async () => {
    const options = await tinyDataset(BROKEN);
    const lenient = { ...options, skipBadRows: true };
    const first = await loadDataset(lenient);
    expect(first.skipped).toMatchObject([{ row: 1, line: 3, column: "pixels" }]);
    expect([...first.set.row]).toEqual([0, 2]);
    expect(await loadDataset(lenient)).toEqual({ ...first, fromCache: true });
    await expect(loadDataset(options)).rejects.toThrow("line 3, column pixels");
  });

  it("writes no cache if a row is invalid", async () => {
    const options = await tinyDataset(BROKEN);
    await expect(loadDataset(options)).rejects.toBeInstanceOf(MienError);
    expect(await readdir(options.cacheFolder).catch(() => [])).toEqual([]);
  });

  it("reads gzip content under any name, and refuses a .gz file that is not gzip", async () => {
    const unnamed = await loadDataset(await tinyDataset(gzipSync(CSV)));
    expect(unnamed.sha256).toBe(SHA256);
    const misnamed = await tinyDataset(CSV, "tiny.csv.gz");
    await expect(loadDataset(misnamed)).rejects.toThrow(
      "expected a gzip file, found other content",
    );
  });

  describe("names the kind of content that is not a CSV, plain and inside gzip, and the remedy", () => {
    const tar = Buffer.alloc(1024);
    tar.write("tiny.csv");
    tar.write("ustar", 257);
    it.each<[content: Buffer, name: string, remedy: string]>([
      [Buffer.from(`\ufeff${CSV}`, "utf16le"), "text in UTF-16", "Save it as UTF-8"],
      [Buffer.from(CSV, "utf16le"), "text in UTF-16", "Save it as UTF-8"],
      [Buffer.from(`PK\x03\x04${"\0".repeat(26)}tiny.csv`), "a zip archive", "Unpack it"],
      [tar, "a tar archive", "Unpack it"],
      [Buffer.from("<!DOCTYPE html><title>Sign in</title>"), "a web page", "Download the file"],
    ])("case %#", async (content, name, remedy) => {
      const misnamed = await tinyDataset(content, "tiny.csv.gz");
      for (const options of [
        await tinyDataset(content),
        await tinyDataset(gzipSync(content), "tiny.csv.gz"),
        misnamed,
      ]) {
        await expect(loadDataset(options)).rejects.toMatchObject({
          code: "bad-data",
          message: expect.stringMatching(`expected a .*, found ${name}`) as string,
          advice: expect.stringContaining(remedy) as string,
        });
      }
    });
  });

  it("refuses a gzip file that ends too early or is damaged", async () => {
    const zipped = gzipSync(CSV);
    const cutOff = await tinyDataset(zipped.subarray(0, zipped.length - 12), "tiny.csv.gz");
    await expect(loadDataset(cutOff)).rejects.toMatchObject({ code: "bad-data" });
    await expect(loadDataset(cutOff)).rejects.toThrow("it ends too early");
    const flipped = Buffer.from(zipped);
    flipped[15] = (flipped[15] as number) ^ 0xff;
    const damaged = await tinyDataset(flipped, "tiny.csv.gz");
    await expect(loadDataset(damaged)).rejects.toMatchObject({ code: "bad-data" });
  });

  it("stops on the signal", async () => {
    const options = await tinyDataset();
    const loading = loadDataset({ ...options, signal: AbortSignal.abort() });
    await expect(loading).rejects.toMatchObject({ code: "interrupted" });
  });

  it("reports progress up to the whole file", async () => {
    const options = await tinyDataset();
    const onProgress = vi.fn();
    await loadDataset({ ...options, onProgress });
    expect(onProgress).toHaveBeenLastCalledWith(CSV.length, CSV.length);
  });

  it.skipIf(withoutPython("numpy", "safetensors"))(
    "caches what Python's csv module reads, in a file that Python's safetensors opens",
    async () => {
      const options = await tinyDataset();
      await loadDataset(options);
      const cache = path.join(options.cacheFolder, "cache", `${SHA256.slice(0, 16)}.safetensors`);
      const script = `
import csv, json, sys
from safetensors.numpy import load_file
rows = list(csv.DictReader(open(sys.argv[1])))
pixels = [[int(v) for v in row["pixels"].split()] for row in rows]
labels = [int(row["emotion"]) for row in rows]
cache = load_file(sys.argv[2])
print(json.dumps({"same": cache["pixels"].reshape(3, 4).tolist() == pixels and cache["labels"].tolist() == labels,
                  "shape": cache["pixels"].shape, "rows": cache["row"].tolist()}))`;
      const answer = runPython(script, { args: [options.csv, cache] });
      expect(answer).toEqual({ same: true, shape: [3, 2, 2, 1], rows: [0, 1, 2] });
    },
  );
});

describe("identifyDataset", () => {
  it("returns the same hash and manifest as loading, also for a gzipped file", async () => {
    const options = await tinyDataset(gzipSync(CSV), "tiny.csv.gz");
    const { path: file, manifest, sha256 } = await loadDataset(options);
    expect(await identifyDataset(options)).toMatchObject({ path: file, manifest, sha256 });
    expect(sha256).toBe(SHA256);
  });

  it("does not read a file again if its size and time stamp are the same, unless it is new", async () => {
    const options = await tinyDataset();
    const old = new Date(Date.now() - 60_000);
    await utimes(options.csv, old, old);
    await identifyDataset(options);
    // The size and the time stamp are the same, so the new content is not read.
    await writeFile(options.csv, CSV.replace("1 2 3 4", "4 3 2 1"));
    await utimes(options.csv, old, old);
    expect((await identifyDataset(options)).sha256).toBe(SHA256);
    await utimes(options.csv, old, new Date());
    expect((await identifyDataset(options)).sha256).not.toBe(SHA256);
  });

  it("reads a file again if it was written just before it was hashed", async () => {
    const options = await tinyDataset();
    const now = new Date();
    await utimes(options.csv, now, now);
    await identifyDataset(options);
    await writeFile(options.csv, CSV.replace("1 2 3 4", "4 3 2 1"));
    await utimes(options.csv, now, now);
    expect((await identifyDataset(options)).sha256).not.toBe(SHA256);
  });

  it("ignores a damaged index", async () => {
    const options = await tinyDataset();
    await mkdir(path.join(options.cacheFolder, "cache"), { recursive: true });
    const index = path.join(options.cacheFolder, "cache", "index.json");
    for (const damaged of ["[1", "null", JSON.stringify({ [options.csv]: { size: 1 }, b: null })]) {
      await writeFile(index, damaged);
      expect((await identifyDataset(options)).sha256).toBe(SHA256);
    }
  });
});
