import { cpSync, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { writeFileAtomic, writeJson } from "@mien/cli";
import { RUN_FILES, type RunConfig } from "@mien/format";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { checkpointFile } from "./checkpoint.ts";
import { resolveConfig } from "../config.ts";
import { findRunPlace, takeRunPlace, type WantedRun } from "./run-place.ts";

let folder: string;
let base: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-place-"));
  base = path.join(folder, "fer2013");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = (name: string, digit: string) => ({ path: name, sha256: digit.repeat(64) });

/** A run that is asked for. */
const wanted = (hyperparameters: object = {}, changes: Partial<WantedRun> = {}): WantedRun => ({
  data: { name: "fer2013", licence: "", ...source("fer2013.csv", "a") },
  classes: ["a", "b"],
  input: { height: 48, width: 48, channels: 1 },
  split: "official",
  seed: 1,
  hyperparameters: { ...resolveConfig({ epochs: 8, ...hyperparameters }) },
  code: "new",
  ...changes,
});

/** A run folder as `train:fit` leaves it when it is finished, or was stopped in its first epoch or later. */
async function makeRun(number: number, of: WantedRun, left: "finished" | "stopped" | "begun") {
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
const place = (of = wanted(), fresh = false) => findRunPlace(base, of, { fresh });
const isNew = (n: number) => ({ state: "new", folder: nth(n) });

describe("the place of a run", () => {
  it("is the base for the first one", async () => {
    expect(await place()).toEqual(isNew(1));
  });

  it("is the run with the same inputs, wherever it stands in the row", async () => {
    await makeRun(1, wanted({ epochs: 1 }), "finished");
    await makeRun(2, wanted(), "finished");
    await makeRun(3, wanted({ epochs: 3 }), "finished");
    expect(await place()).toMatchObject({ state: "finished", folder: nth(2) });
    await makeRun(4, wanted({ epochs: 4 }), "stopped");
    const other = await place(wanted({ epochs: 4 }));
    expect(other).toMatchObject({ state: "unfinished", folder: nth(4) });
    expect(await place()).toMatchObject({ state: "finished", folder: nth(2) });
  });

  it("is the newest of several with the same inputs, as --fresh makes them", async () => {
    await makeRun(1, wanted(), "finished");
    await makeRun(2, wanted(), "stopped");
    expect(await place()).toMatchObject({ state: "unfinished", folder: nth(2) });
    await makeRun(10, wanted(), "begun");
    expect(await place()).toEqual(isNew(10));
  });

  it("is unfinished again once its model is gone", async () => {
    await makeRun(1, wanted(), "finished");
    await rm(path.join(base, "model/weights.bin"));
    expect(await place()).toMatchObject({ state: "unfinished", folder: base });
    await rm(path.join(base, "model"), { recursive: true });
    expect(await place()).toMatchObject({ state: "unfinished", folder: base });
    expect(await place(wanted({ epochs: 1 }))).toEqual(isNew(2));
  });

  it("is kept after an edit of the code, with what it was made from", async () => {
    const old = wanted({}, { code: "old" });
    await makeRun(1, old, "finished");
    const config = { name: "fer2013", ...old };
    expect(await place()).toEqual({ state: "finished", folder: base, config });
  });

  it("is kept after a setting was added that the run knew nothing of", async () => {
    const { omit, ...others } = wanted().hyperparameters;
    expect(omit).toBe("nothing");
    await makeRun(1, { ...wanted(), hyperparameters: others }, "stopped");
    expect(await place()).toMatchObject({
      state: "unfinished",
      config: { hyperparameters: others },
    });
    await expect(place(wanted({ omit: "blank" }))).rejects.toMatchObject({
      message: expect.stringContaining("omit: nothing → blank") as string,
      advice: expect.stringContaining("settings: --omit nothing\n") as string,
    });
  });

  it("is the next free name once all others are finished", async () => {
    await makeRun(1, wanted({ epochs: 1 }), "finished");
    expect(await place()).toEqual(isNew(2));
    await makeRun(9, wanted({ epochs: 2 }), "finished");
    await makeRun(10, wanted({ epochs: 3 }), "finished");
    expect(await place()).toEqual(isNew(11));
    const data = { name: "fer2013", licence: "", ...source("fer2013.csv", "b") };
    for (const changes of [
      { data },
      { seed: 2 },
      { votes: source("v.csv", "a") },
      { teacher: source("t.bin", "a") },
    ]) {
      expect(await place(wanted({ epochs: 3 }, changes))).toEqual(isNew(11));
    }
  });

  it("is another one if the manifest has given the same file other classes or another layout", async () => {
    await makeRun(1, wanted(), "finished");
    expect(await place(wanted({}, { classes: ["a", "c"] }))).toEqual(isNew(2));
    const flat = { height: 24, width: 96, channels: 1 };
    expect(await place(wanted({}, { input: flat }))).toEqual(isNew(2));
    expect(await place()).toMatchObject({ state: "finished" });
  });

  it("is that of the newest run if it was stopped or refused before its first checkpoint", async () => {
    await makeRun(1, wanted({ epochs: 1 }), "finished");
    await makeRun(2, wanted({ distillation: 0.5 }), "begun");
    expect(await place()).toEqual(isNew(2));
    await makeRun(3, wanted({ epochs: 3 }), "finished");
    expect(await place()).toEqual(isNew(4));
  });

  it("is beside the first run, not inside it, if the base ends with a slash", async () => {
    await makeRun(1, wanted({ epochs: 1 }), "finished");
    expect(await findRunPlace(`${base}/`, wanted())).toEqual(isNew(2));
  });

  it("is found from within the folder too, and named as it must be typed there", async () => {
    await makeRun(1, wanted(), "finished");
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(base);
    expect(await findRunPlace(".", wanted())).toMatchObject({ state: "finished", folder: "." });
    const other = await findRunPlace(".", wanted({ epochs: 1 }));
    expect(other).toEqual({ state: "new", folder: "../fer2013-2" });
    process.chdir(folder);
    expect(await findRunPlace("./fer2013", wanted())).toMatchObject({ folder: "fer2013" });
  });

  it("is never a folder or file that holds something else", async () => {
    await mkdir(base);
    await writeFile(path.join(base, "notes.txt"), "mine");
    await mkdir(`${base}-old`);
    await mkdir(`${base}-1`);
    expect(await place()).toEqual(isNew(2));
    await writeFile(nth(2), "");
    expect(await place()).toEqual(isNew(3));
  });

  it("is a folder that holds nothing, or only what a killed process left there", async () => {
    await mkdir(base);
    expect(await place()).toEqual(isNew(1));
    await writeFile(path.join(base, "lock"), "1");
    await writeFile(path.join(base, "config.json.0123abcd.tmp"), "{");
    expect(await place()).toEqual(isNew(1));
    expect(await place(wanted(), true)).toEqual(isNew(1));
  });

  it("is refused while the newest run is unfinished with other inputs, naming each and the way out", async () => {
    const old = wanted(
      { epochs: 30, widths: [1, 2, 3, 4], voteShare: 1, distillation: 0.5 },
      {
        data: { name: "fer2013", licence: "", ...source("my data/fer2013.csv", "b") },
        votes: source("votes.csv", "c"),
        teacher: source("teacher.bin", "d"),
        seed: 7,
      },
    );
    await makeRun(1, wanted({ epochs: 1 }), "finished");
    await makeRun(2, old, "stopped");
    await expect(place()).rejects.toMatchObject({
      code: "conflict",
      message:
        `${nth(2)} is unfinished and was started with other inputs:\n` +
        "  data: bbbbbbbbbbbb → aaaaaaaaaaaa\n" +
        "  votes: cccccccccccc → (none)\n" +
        "  teacher: dddddddddddd → (none)\n" +
        "  seed: 7 → 1\n" +
        "  epochs: 30 → 8\n" +
        "  widths: 1,2,3,4 → 32,64,128,256\n" +
        "  voteShare: 1 → 0\n" +
        "  distillation: 0.5 → 0",
      advice:
        "To finish it, repeat its settings: --csv 'my data/fer2013.csv' --ferplus votes.csv " +
        "--teacher teacher.bin --seed 7 --epochs 30 --widths 1,2,3,4 --vote-share 1 --distillation 0.5\n" +
        "To start a new run beside it, add --fresh; nothing is deleted.",
    });
    // Another data set has other classes, which its name brings back.
    await expect(place({ ...old, data: wanted().data, classes: ["z"] })).rejects.toMatchObject({
      advice: expect.stringMatching(/settings: --csv 'my data\/fer2013.csv'\n/) as string,
    });
    // What was not read then is not named now: its share says that.
    await makeRun(3, wanted(), "stopped");
    await expect(place({ ...old, data: wanted().data })).rejects.toMatchObject({
      advice: expect.stringMatching(
        /settings: --seed 1 --epochs 8 --widths 32,64,128,256 --vote-share 0 --distillation 0\n/,
      ) as string,
    });
  });

  it("is refused without a way to finish where what the run was made from is gone", async () => {
    await makeRun(1, wanted({}, { teacher: source("t.bin", "1"), classes: ["a", "z"] }), "stopped");
    const data = { name: "fer2013", licence: "", ...source("./fer2013.csv", "b") };
    await expect(place(wanted({}, { data, teacher: source("t.bin", "2") }))).rejects.toMatchObject({
      code: "conflict",
      advice:
        "It cannot be finished any more: fer2013.csv has changed, t.bin has changed, the manifest of fer2013.csv has changed.\n" +
        "To start a new run beside it, add --fresh; nothing is deleted.",
    });
    const hyperparameters = { ...wanted().hyperparameters, magicShare: 1 };
    await makeRun(1, { ...wanted(), hyperparameters }, "stopped");
    await expect(place()).rejects.toMatchObject({
      advice: expect.stringContaining("this version has no --magic-share") as string,
    });
  });

  it("is refused beside a run whose configuration is damaged, and new with --fresh all the same", async () => {
    await makeRun(1, wanted(), "finished");
    await makeRun(2, wanted({ epochs: 1 }), "finished");
    for (const damaged of ["{", "{}"]) {
      await writeFile(path.join(base, RUN_FILES.config), damaged);
      await expect(place()).rejects.toMatchObject({
        code: "bad-data",
        message: expect.stringContaining(path.join(base, RUN_FILES.config)) as string,
        advice: `Move ${base} away, or add --fresh to start a new run beside it.`,
      });
    }
    expect(await place(wanted(), true)).toEqual(isNew(3));
  });

  it("is new with --fresh, whatever there is", async () => {
    await makeRun(1, wanted({ epochs: 30 }), "stopped");
    expect(await place(wanted(), true)).toEqual(isNew(2));
    await makeRun(2, wanted(), "finished");
    expect(await place(wanted(), true)).toEqual(isNew(3));
  });
});

describe("a place that is taken", () => {
  it("is this process's alone, also in its first epoch, until it is released", async () => {
    const first = await takeRunPlace(base, wanted());
    expect(first).toMatchObject(isNew(1));
    await makeRun(1, wanted(), "begun");
    for (const other of [wanted(), wanted({ epochs: 1 })]) {
      await expect(takeRunPlace(base, other)).rejects.toMatchObject({ code: "conflict" });
    }
    const beside = await takeRunPlace(base, wanted({ epochs: 1 }), { fresh: true });
    expect(beside).toMatchObject(isNew(2));
    await beside.release();
    await first.release();
    expect(await readdir(base)).toEqual(["config.json"]);
    await (await takeRunPlace(base, wanted())).release();
  });

  it("leaves no folder behind if nothing came of it, and one that was there alone", async () => {
    await (await takeRunPlace(base, wanted())).release();
    expect(existsSync(base)).toBe(false);
    await mkdir(base);
    await (await takeRunPlace(base, wanted())).release();
    expect(existsSync(base)).toBe(true);
  });

  it("of a finished run is neither locked nor touched", async () => {
    await makeRun(1, wanted(), "finished");
    const taken = await takeRunPlace(base, wanted());
    expect(taken.state).toBe("finished");
    expect(await readdir(base)).not.toContain("lock");
    await taken.release();
  });

  it("is looked for again if another process finished a run there before the lock", async () => {
    const other = wanted({ epochs: 1 });
    await makeRun(1, other, "finished");
    await rename(base, `${base}-aside`);
    const taken = takeRunPlace(base, wanted());
    while (!existsSync(base)) await setImmediate();
    // All at once, as the other process would have held the lock meanwhile.
    cpSync(`${base}-aside`, base, { recursive: true });
    expect(await taken).toMatchObject(isNew(2));
    await (await taken).release();
    expect(await readdir(base)).not.toContain("lock");
    expect(await place(other)).toMatchObject({ state: "finished", folder: base });
  });

  it("that cannot be made is an error with advice", async () => {
    const file = path.join(folder, "afile");
    await writeFile(file, "");
    await expect(takeRunPlace(path.join(file, "x"), wanted())).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(/cannot make the folder .*afile\/x/) as string,
      advice: expect.stringContaining("--out") as string,
    });
  });
});
