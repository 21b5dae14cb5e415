import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { chooseManifest, knownManifests } from "./manifests.ts";
import { TINY } from "../testing/csv-text.ts";
import { temporaryFolder } from "../testing/folder.ts";

const sha256 = createHash("sha256").update("content").digest("hex");
const otherSha256 = createHash("sha256").update("other content").digest("hex");
const pinned = (name: string) => ({ ...TINY, file: { name, sha256, rows: 3 } });

async function folderWith(files: Record<string, unknown>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, value] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), JSON.stringify(value));
  }
  return folder;
}

describe("chooseManifest", () => {
  it("prefers the manifest that is named after the CSV, compressed or not", async () => {
    const folder = await folderWith({
      "my.manifest.json": TINY,
      "manifest.json": { ...TINY, name: "other" },
    });
    for (const name of ["my.csv", "my.csv.gz"]) {
      expect((await chooseManifest(path.join(folder, name), sha256)).manifest).toEqual(TINY);
    }
  });

  it("uses manifest.json beside the CSV only if it names this file or none", async () => {
    const named = await folderWith({ "manifest.json": pinned("my.csv") });
    expect((await chooseManifest(path.join(named, "my.csv"), sha256)).manifest.name).toBe("tiny");
    expect((await chooseManifest(path.join(named, "else.csv"), sha256)).manifest.name).toBe("else");
    const open = await folderWith({ "manifest.json": TINY });
    expect((await chooseManifest(path.join(open, "my.csv"), sha256)).manifest.name).toBe("tiny");
  });

  it("warns if the hash in a manifest differs from the hash of the content", async () => {
    const folder = await folderWith({ "manifest.json": pinned("my.csv") });
    const choose = (hash: string) => chooseManifest(path.join(folder, "my.csv"), hash);
    expect((await choose(sha256)).warnings).toEqual([]);
    expect((await choose(otherSha256)).warnings).toHaveLength(1);
    expect((await choose(otherSha256)).manifest.name).toBe("tiny");
  });

  it("recognises FER2013 by its content under any name, and by its name with a warning", async () => {
    const folder = await temporaryFolder();
    const fer = (await knownManifests()).find(({ manifest }) => manifest.name === "fer2013");
    const hash = fer?.manifest.file?.sha256 as string;
    const renamed = await chooseManifest(path.join(folder, "renamed.csv"), hash);
    expect(renamed).toMatchObject({ manifest: { name: "fer2013" }, warnings: [] });
    const namesake = await chooseManifest(path.join(folder, "fer2013.csv.gz"), otherSha256);
    expect(namesake.manifest.name).toBe("fer2013");
    expect(namesake.warnings[0]).toContain("is not the version of fer2013.csv");
  });

  it("assumes FER2013's layout for an unknown CSV, and names the data set after the file", async () => {
    const folder = await temporaryFolder();
    const { manifest, warnings } = await chooseManifest(path.join(folder, "faces.csv.gz"), sha256);
    expect(manifest).toMatchObject({
      name: "faces",
      image: { height: 48, width: 48, channels: 1 },
    });
    expect(manifest.classes).toHaveLength(7);
    expect(manifest.file).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it("refuses a malformed manifest, naming its path", async () => {
    const folder = await folderWith({ "my.manifest.json": { ...TINY, classes: ["one"] } });
    await expect(chooseManifest(path.join(folder, "my.csv"), sha256)).rejects.toThrow(
      "my.manifest.json",
    );
  });
});
