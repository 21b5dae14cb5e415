import { mkdir, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Terminal } from "@mien/cli";
import type { MienError } from "@mien/format";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadDataset } from "./load-dataset.ts";
import { locateDataset } from "./locate-dataset.ts";
import { TINY } from "../testing/csv-text.ts";
import { temporaryCurrentFolder, temporaryFolder } from "../testing/folder.ts";
import { greyPng, writeFiles } from "../testing/image-files.ts";

afterEach(() => vi.unstubAllEnvs());

describe("locateDataset", () => {
  it("searches MIEN_DATA, for the plain file first", async () => {
    const folder = await temporaryFolder();
    vi.stubEnv("MIEN_DATA", folder);
    await writeFile(path.join(folder, "fer2013.csv.gz"), "");
    expect(await locateDataset()).toBe(path.join(folder, "fer2013.csv.gz"));
    await writeFile(path.join(folder, "fer2013.csv"), "");
    expect(await locateDataset()).toBe(path.join(folder, "fer2013.csv"));
  });

  describe("refuses a MIEN_DATA without a data set, even if datasets/ holds one", () => {
    it.each<[what: string, prepare: (folder: string) => Promise<string> | string, said: RegExp]>([
      ["a folder that does not exist", (f) => path.join(f, "typo"), /no such folder/],
      ["a file", (f) => touch(f, "fer2013.csv"), /that is a file.*--csv \S+fer2013\.csv/s],
      ["an unexpanded ~", () => "~/Downloads", /no such folder.*outside quotes/s],
      ["an empty folder", (f) => f, /fer2013\.csv\.gz in .*found no CSV and no archive/],
      ["a folder with other files", withOthers, /found Fer 2013\.csv, archive\.zip\n/],
    ])("%s", async (_, prepare, said) => {
      // The working directory is the repository, which has a folder `datasets/`.
      vi.stubEnv("MIEN_DATA", await prepare(await temporaryFolder()));
      const error = await locateDataset().catch((thrown: MienError) => thrown);
      expect(error).toMatchObject({ code: "missing-file" });
      const { message, advice } = error as MienError;
      expect(`${message}\n${advice}`).toMatch(said);
      expect(`${message}\n${advice}`).toContain("MIEN_DATA");
    });

    async function touch(folder: string, name: string): Promise<string> {
      await writeFile(path.join(folder, name), "");
      return path.join(folder, name);
    }

    async function withOthers(folder: string): Promise<string> {
      for (const name of ["archive.zip", "Fer 2013.csv", "notes.md"]) await touch(folder, name);
      return folder;
    }
  });

  it("searches datasets/ only if MIEN_DATA is not set", async () => {
    const known = path.join(await temporaryCurrentFolder(), "datasets/mine");
    await mkdir(known, { recursive: true });
    const manifest = { ...TINY, file: { name: "mine.csv", sha256: "0".repeat(64), rows: 1 } };
    await writeFile(path.join(known, "manifest.json"), JSON.stringify(manifest));
    await writeFile(path.join(known, "mine.csv"), "");
    vi.stubEnv("MIEN_DATA", "");
    expect(await locateDataset()).toBe(path.join("datasets/mine", "mine.csv"));
    vi.stubEnv("MIEN_DATA", await temporaryFolder());
    await expect(locateDataset()).rejects.toThrow("found no CSV and no archive");
  });

  it("prefers the path that was given", async () => {
    const folder = await temporaryFolder();
    vi.stubEnv("MIEN_DATA", folder);
    await writeFile(path.join(folder, "fer2013.csv"), "");
    const mine = path.join(folder, "mine.csv");
    await writeFile(mine, "");
    expect(await locateDataset(mine)).toBe(mine);
  });

  it("says how to get FER2013 and how to continue without it", async () => {
    vi.stubEnv("MIEN_DATA", await temporaryFolder());
    const error = await locateDataset("nowhere.csv").catch((thrown: MienError) => thrown);
    expect(error).toMatchObject({ code: "missing-file", message: "no data set at nowhere.csv" });
    const { advice } = error as MienError;
    expect(advice).toContain("Challenges in Representation Learning");
    expect(advice).toContain("datasets/fer2013/fer2013.csv");
    expect(advice).toContain("npx nx run data:synth");
  });

  it("names the compressed file if only that exists", async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, "mine.csv.gz"), "");
    const failing = locateDataset(path.join(folder, "mine.csv"));
    await expect(failing).rejects.toMatchObject({
      advice: expect.stringContaining("mine.csv.gz") as string,
    });
  });

  describe("imports a folder of images", () => {
    const pixels = (value: number) => greyPng(Array.from({ length: 48 * 48 }, () => value));

    it("into the cache once, and again if an image changes", async () => {
      const root = await temporaryCurrentFolder();
      await writeFiles("faces", { "happy/1.png": await pixels(50), "sad/1.png": await pixels(60) });
      const said: string[] = [];
      const terminal = listTerminal(said);
      const csv = await locateDataset("faces", { terminal });
      expect(csv).toMatch(/^artifacts\/data\/cache\/folders\/faces-[0-9a-f]{8}\.csv$/);
      expect(said[0]).toBe(`imported 2 images (48×48, grey) of faces to ${csv}`);
      expect(said[1]).toMatch(/no image is PublicTest.*--split 70\/20\/10/);
      const first = await loadDataset({ csv: "faces" });
      expect(first.manifest).toMatchObject({ name: "faces", classes: ["Happy", "Sad"] });
      expect(Array.from(first.set.pixels.subarray(48 * 48 - 1, 48 * 48 + 1))).toEqual([50, 60]);

      const { mtimeMs } = await stat(csv);
      // The same folder by another path.
      expect(await locateDataset(path.join(root, "faces/"), { terminal })).toBe(csv);
      expect((await stat(csv)).mtimeMs).toBe(mtimeMs);
      expect(said[2]).toMatch(/^up to date: .*2 images/);

      await writeFiles("faces", { "sad/1.png": await pixels(70) });
      await utimes("faces/sad/1.png", 1, 1);
      const second = await loadDataset({ csv: "faces" });
      expect(Array.from(second.set.pixels.subarray(48 * 48 - 1, 48 * 48 + 1))).toEqual([50, 70]);
      expect(second.sha256).not.toBe(first.sha256);
    });

    it("in another file for another folder with the same name", async () => {
      await temporaryCurrentFolder();
      for (const folder of ["a/faces", "b/faces"]) {
        await writeFiles(folder, { "x/1.png": await pixels(1), "y/1.png": await pixels(2) });
      }
      expect(await locateDataset("a/faces")).not.toBe(await locateDataset("b/faces"));
    });

    it("but not one without images", async () => {
      await temporaryCurrentFolder();
      await writeFiles("data", { "fer2013.csv": "" });
      await expect(locateDataset("data")).rejects.toMatchObject({
        code: "missing-file",
        advice: expect.stringContaining("data/fer2013.csv") as string,
      });
    });
  });
});

/** A terminal that lists what it prints. */
function listTerminal(said: string[]): Terminal {
  const add = (line: string) => void said.push(line);
  return {
    ...{ say: add, warn: add, wrote: add, next: add, table: () => undefined },
    progress: () => ({ update: () => undefined, stop: () => undefined }),
  };
}
