import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { processMark } from "./process-mark.ts";
import { asidePath, deleteLeftOvers } from "./write-aside.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-aside-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The mark of a process that has ended. */
async function markOfEnded(): Promise<string> {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => 0, 60_000)"]);
  await once(child, "spawn");
  const mark = processMark(child.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  return mark;
}

describe("temporary files", () => {
  it("are deleted once their process has ended, also in folders, and no others are", async () => {
    await mkdir(path.join(folder, "a", "b"), { recursive: true });
    const mark = await markOfEnded();
    const write = (file: string) => writeFile(path.join(folder, file), "Ada");
    for (const file of [
      `results.jsonl.${mark}.0123abcd.tmp`,
      `a/b/annotated.mp4.${mark}.0123abcd.tmp.mp4`,
      `own.${mark}.tmp`,
      "notes.tmp",
      "results.jsonl",
    ]) {
      await write(file);
    }
    const own = asidePath(path.join(folder, "faces.csv"));
    await writeFile(own, "Ada");
    expect((await deleteLeftOvers(folder)).map((file) => path.basename(file)).sort()).toEqual([
      `annotated.mp4.${mark}.0123abcd.tmp.mp4`,
      `results.jsonl.${mark}.0123abcd.tmp`,
    ]);
    expect((await readdir(folder)).sort()).toEqual(
      ["a", "notes.tmp", `own.${mark}.tmp`, "results.jsonl", path.basename(own)].sort(),
    );
  });

  it("of mien 0.1 are deleted when they are an hour old", async () => {
    const [old, recent] = ["old.jsonl.0123abcd.tmp", "new.jsonl.0123abcd.tmp"];
    for (const name of [old, recent]) await writeFile(path.join(folder, name), "Ada");
    const before = Date.now() / 1000 - 4000;
    await utimes(path.join(folder, old), before, before);
    await deleteLeftOvers(folder);
    expect(await readdir(folder)).toEqual([recent]);
  });

  it("have names that a file system takes, however long the name of the file is", async () => {
    const aside = asidePath(path.join(folder, "é".repeat(127)), ".mp4");
    await writeFile(aside, "");
    expect(await readdir(folder)).toEqual([path.basename(aside)]);
  });
});
