import { cpSync, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { writeFileAtomic, writeJson } from "@mien/cli";
import { RUN_FILES, type RunConfig } from "@mien/format";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { checkpointFile } from "./checkpoint.ts";
import { claimRunFolder, findRunFolder, removeTemporaryFiles } from "./run-folder.ts";
import type { RequestedRun } from "./run-inputs.ts";
import { requestedRun, sourceFile } from "../testing/requested-run.ts";

let folder: string;
let base: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-place-"));
  base = path.join(folder, "fer2013");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Writes a run folder like the folder of a finished run, or of a run that was stopped after or during its
 * first epoch.
 */
async function makeRun(number: number, of: RequestedRun, left: "finished" | "stopped" | "begun") {
  const run = nth(number);
  const config: RunConfig = { name: path.basename(run), ...of };
  await writeJson(path.join(run, RUN_FILES.config), config);
  if (left !== "begun") await writeFileAtomic(checkpointFile(run), "");
  if (left !== "finished") return;
  for (const name of ["model/model.json", "model/weights.bin", RUN_FILES.metrics]) {
    await writeJson(path.join(run, name), {});
  }
}

const nth = (n: number) => (n === 1 ? base : `${base}-${n}`);
const find = (of = requestedRun(), fresh = false) => findRunFolder(base, of, { fresh });
const isNew = (n: number) => ({ state: "new", folder: nth(n) });

describe("findRunFolder", () => {
  it("returns the base for the first run", async () => {
    expect(await find()).toEqual(isNew(1));
  });

  it("finds the run with the same inputs, whatever its number", async () => {
    await makeRun(1, requestedRun({ epochs: 1 }), "finished");
    await makeRun(2, requestedRun(), "finished");
    await makeRun(3, requestedRun({ epochs: 3 }), "finished");
    expect(await find()).toMatchObject({ state: "finished", folder: nth(2) });
    await makeRun(4, requestedRun({ epochs: 4 }), "stopped");
    const other = await find(requestedRun({ epochs: 4 }));
    expect(other).toMatchObject({ state: "unfinished", folder: nth(4) });
    expect(await find()).toMatchObject({ state: "finished", folder: nth(2) });
  });

  it("finds the newest of several runs with the same inputs, which --fresh makes", async () => {
    await makeRun(1, requestedRun(), "finished");
    await makeRun(2, requestedRun(), "stopped");
    expect(await find()).toMatchObject({ state: "unfinished", folder: nth(2) });
    await makeRun(10, requestedRun(), "begun");
    expect(await find()).toEqual(isNew(10));
  });

  it("treats a run without its model as unfinished", async () => {
    await makeRun(1, requestedRun(), "finished");
    await rm(path.join(base, "model/weights.bin"));
    expect(await find()).toMatchObject({ state: "unfinished", folder: base });
    await rm(path.join(base, "model"), { recursive: true });
    expect(await find()).toMatchObject({ state: "unfinished", folder: base });
    expect(await find(requestedRun({ epochs: 1 }))).toEqual(isNew(2));
  });

  it("finds a run that other code made, with its configuration", async () => {
    const old = requestedRun({}, { code: "old" });
    await makeRun(1, old, "finished");
    const config = { name: "fer2013", ...old };
    expect(await find()).toEqual({ state: "finished", folder: base, config });
  });

  it("finds a run that is older than a setting", async () => {
    const { omit, ...others } = requestedRun().hyperparameters;
    expect(omit).toBe("nothing");
    await makeRun(1, { ...requestedRun(), hyperparameters: others }, "stopped");
    expect(await find()).toMatchObject({
      state: "unfinished",
      config: { hyperparameters: others },
    });
  });

  it("returns the next free name when all runs with other inputs are finished", async () => {
    await makeRun(1, requestedRun({ epochs: 1 }), "finished");
    expect(await find()).toEqual(isNew(2));
    await makeRun(9, requestedRun({ epochs: 2 }), "finished");
    await makeRun(10, requestedRun({ epochs: 3 }), "finished");
    expect(await find()).toEqual(isNew(11));
    const data = { name: "fer2013", licence: "", ...sourceFile("fer2013.csv", "b") };
    for (const changes of [
      { data },
      { seed: 2 },
      { votes: sourceFile("v.csv", "a") },
      { teacher: sourceFile("t.bin", "a") },
    ]) {
      expect(await find(requestedRun({ epochs: 3 }, changes))).toEqual(isNew(11));
    }
  });

  it("returns another folder when the manifest gives the same file other classes or another image size", async () => {
    await makeRun(1, requestedRun(), "finished");
    expect(await find(requestedRun({}, { classes: ["a", "c"] }))).toEqual(isNew(2));
    const flat = { height: 24, width: 96, channels: 1 };
    expect(await find(requestedRun({}, { input: flat }))).toEqual(isNew(2));
    expect(await find()).toMatchObject({ state: "finished" });
  });

  it("reuses the folder of the newest run if that has no checkpoint", async () => {
    await makeRun(1, requestedRun({ epochs: 1 }), "finished");
    await makeRun(2, requestedRun({ distillation: 0.5 }), "begun");
    expect(await find()).toEqual(isNew(2));
    await makeRun(3, requestedRun({ epochs: 3 }), "finished");
    expect(await find()).toEqual(isNew(4));
  });

  it("ignores a slash at the end of the base", async () => {
    await makeRun(1, requestedRun({ epochs: 1 }), "finished");
    expect(await findRunFolder(`${base}/`, requestedRun())).toEqual(isNew(2));
  });

  it("finds the folder from within it, and returns a path relative to the working directory", async () => {
    await makeRun(1, requestedRun(), "finished");
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(base);
    expect(await findRunFolder(".", requestedRun())).toMatchObject({
      state: "finished",
      folder: ".",
    });
    const other = await findRunFolder(".", requestedRun({ epochs: 1 }));
    expect(other).toEqual({ state: "new", folder: "../fer2013-2" });
    process.chdir(folder);
    expect(await findRunFolder("./fer2013", requestedRun())).toMatchObject({ folder: "fer2013" });
  });

  it("passes over folders and files that hold something else", async () => {
    await mkdir(base);
    await writeFile(path.join(base, "notes.txt"), "mine");
    await mkdir(`${base}-old`);
    await mkdir(`${base}-1`);
    expect(await find()).toEqual(isNew(2));
    await writeFile(nth(2), "");
    expect(await find()).toEqual(isNew(3));
  });

  it("reuses a folder that holds only the lock and temporary files of a killed process", async () => {
    await mkdir(base);
    expect(await find()).toEqual(isNew(1));
    await writeFile(path.join(base, "lock"), "1");
    await writeFile(path.join(base, "config.json.0123abcd.tmp"), "{");
    expect(await find()).toEqual(isNew(1));
    expect(await find(requestedRun(), true)).toEqual(isNew(1));
  });

  it("refuses other inputs while the newest run is unfinished", async () => {
    await makeRun(1, requestedRun({ epochs: 1 }), "finished");
    await makeRun(2, requestedRun({ epochs: 30 }), "stopped");
    await expect(find()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/fer2013-2 is unfinished .*\n {2}epochs: 30 → 8$/) as string,
      advice: expect.stringContaining("settings: --epochs 30\n") as string,
    });
  });

  it("refuses a damaged configuration of any run, unless --fresh is given", async () => {
    await makeRun(1, requestedRun(), "finished");
    await makeRun(2, requestedRun({ epochs: 1 }), "finished");
    for (const damaged of ["{", "{}"]) {
      await writeFile(path.join(base, RUN_FILES.config), damaged);
      await expect(find()).rejects.toMatchObject({
        code: "bad-data",
        message: expect.stringContaining(path.join(base, RUN_FILES.config)) as string,
        advice: `Move ${base} away, or add --fresh to start a new run beside it.`,
      });
    }
    expect(await find(requestedRun(), true)).toEqual(isNew(3));
  });

  it("returns a new folder with --fresh, even if a run has the same inputs", async () => {
    await makeRun(1, requestedRun({ epochs: 30 }), "stopped");
    expect(await find(requestedRun(), true)).toEqual(isNew(2));
    await makeRun(2, requestedRun(), "finished");
    expect(await find(requestedRun(), true)).toEqual(isNew(3));
  });
});

describe("claimRunFolder", () => {
  it("keeps other requests out until it is released, also in the first epoch", async () => {
    const first = await claimRunFolder(base, requestedRun());
    expect(first).toMatchObject(isNew(1));
    await makeRun(1, requestedRun(), "begun");
    for (const other of [requestedRun(), requestedRun({ epochs: 1 })]) {
      await expect(claimRunFolder(base, other)).rejects.toMatchObject({ code: "conflict" });
    }
    const beside = await claimRunFolder(base, requestedRun({ epochs: 1 }), { fresh: true });
    expect(beside).toMatchObject(isNew(2));
    await beside.release();
    await first.release();
    expect(await readdir(base)).toEqual(["config.json"]);
    await (await claimRunFolder(base, requestedRun())).release();
  });

  it("removes an empty folder that it made, and keeps one that existed", async () => {
    await (await claimRunFolder(base, requestedRun())).release();
    expect(existsSync(base)).toBe(false);
    await mkdir(base);
    await (await claimRunFolder(base, requestedRun())).release();
    expect(existsSync(base)).toBe(true);
  });

  it("does not lock the folder of a finished run", async () => {
    await makeRun(1, requestedRun(), "finished");
    const taken = await claimRunFolder(base, requestedRun());
    expect(taken.state).toBe("finished");
    expect(await readdir(base)).not.toContain("lock");
    await taken.release();
  });

  it("searches again if another process finished a run in the folder before the lock", async () => {
    const other = requestedRun({ epochs: 1 });
    await makeRun(1, other, "finished");
    await rename(base, `${base}-aside`);
    const taken = claimRunFolder(base, requestedRun());
    while (!existsSync(base)) await setImmediate();
    // Synchronously, because the other process would have held the lock during this.
    cpSync(`${base}-aside`, base, { recursive: true });
    expect(await taken).toMatchObject(isNew(2));
    await (await taken).release();
    expect(await readdir(base)).not.toContain("lock");
    expect(await find(other)).toMatchObject({ state: "finished", folder: base });
  });

  it("reports a folder that cannot be made, with advice", async () => {
    const file = path.join(folder, "afile");
    await writeFile(file, "");
    await expect(claimRunFolder(path.join(file, "x"), requestedRun())).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(/cannot make the folder .*afile\/x/) as string,
      advice: expect.stringContaining("--out") as string,
    });
  });
});

describe("removeTemporaryFiles", () => {
  it("removes the temporary files of atomic writes, and nothing else", async () => {
    const names = ["history.jsonl.0123abcd.tmp", "notes.tmp", "checkpoint/last.safetensors"];
    await mkdir(path.join(base, "checkpoint"), { recursive: true });
    for (const name of names) await writeFile(path.join(base, name), "");
    await writeFile(path.join(base, "checkpoint/last.safetensors.deadbeef.tmp"), "");
    await removeTemporaryFiles(base);
    expect((await readdir(base, { recursive: true })).sort()).toEqual([
      "checkpoint",
      "checkpoint/last.safetensors",
      "notes.tmp",
    ]);
    await removeTemporaryFiles(path.join(folder, "none"));
  });
});
