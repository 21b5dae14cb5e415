import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { MienError } from "@mien/format";
import { afterEach, describe, expect, it, vi } from "vitest";
import { locateDataset } from "./locate.ts";
import { temporaryFolder } from "./testing/folder.ts";

afterEach(() => vi.unstubAllEnvs());

describe("locateDataset", () => {
  it("looks in MIEN_DATA, for the plain file first", async () => {
    const folder = await temporaryFolder();
    vi.stubEnv("MIEN_DATA", folder);
    await writeFile(path.join(folder, "fer2013.csv.gz"), "");
    expect(await locateDataset()).toBe(path.join(folder, "fer2013.csv.gz"));
    await writeFile(path.join(folder, "fer2013.csv"), "");
    expect(await locateDataset()).toBe(path.join(folder, "fer2013.csv"));
  });

  it("prefers the path that was given", async () => {
    const folder = await temporaryFolder();
    vi.stubEnv("MIEN_DATA", folder);
    await writeFile(path.join(folder, "fer2013.csv"), "");
    const mine = path.join(folder, "mine.csv");
    await writeFile(mine, "");
    expect(await locateDataset(mine)).toBe(mine);
  });

  it("says how to get FER2013 and how to go on without it when there is nothing", async () => {
    vi.stubEnv("MIEN_DATA", await temporaryFolder());
    const error = await locateDataset("nowhere.csv").catch((thrown: MienError) => thrown);
    expect(error).toMatchObject({ code: "missing-file", message: "no data set at nowhere.csv" });
    const { advice } = error as MienError;
    expect(advice).toContain("Challenges in Representation Learning");
    expect(advice).toContain("datasets/fer2013/fer2013.csv");
    expect(advice).toContain("npx nx run data:synth");
  });

  it("points to the compressed neighbour of a file that is not there", async () => {
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
