import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { MienError } from "@mien/format";
import { afterEach, describe, expect, it, vi } from "vitest";
import { locateDataset } from "./locate-dataset.ts";
import { TINY } from "../testing/csv-text.ts";
import { temporaryCurrentFolder, temporaryFolder } from "../testing/folder.ts";

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

  it("refuses a folder", async () => {
    await expect(locateDataset(await temporaryFolder())).rejects.toThrow("found a folder");
  });
});
