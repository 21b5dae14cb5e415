import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeJson } from "@mien/cli";
import { RUN_FILES, type RunConfig } from "@mien/format";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveConfig } from "./config.ts";
import {
  findRunPlace,
  inputsKey,
  readRunMetrics,
  removeLeftovers,
  trainingCode,
  type RunInputs,
} from "./run.ts";

let folder: string;
let base: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-run-"));
  base = path.join(folder, "fer2013");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inputs = (changes: object = {}, data = "a".repeat(64)): RunInputs => ({
  data,
  split: "official",
  seed: 1,
  hyperparameters: { ...resolveConfig({ epochs: 8, ...changes }) },
});

/** A run folder as `train:fit` leaves it. */
async function makeRun(name: string, of: RunInputs, finished: boolean, code = "new") {
  const config: RunConfig = {
    name,
    data: { name: "fer2013", sha256: of.data, path: "my/fer2013.csv", licence: "" },
    classes: ["a", "b"],
    input: { height: 48, width: 48, channels: 1 },
    split: of.split,
    seed: of.seed,
    hyperparameters: of.hyperparameters,
    code,
  };
  await writeJson(path.join(folder, name, RUN_FILES.config), config);
  if (finished) await writeJson(path.join(folder, name, RUN_FILES.metrics), {});
}

const place = (of: RunInputs, fresh = false) => findRunPlace(base, of, { code: "new", fresh });
const nth = (n: number) => (n === 1 ? base : `${base}-${n}`);

describe("the place of a run", () => {
  it("is the base for the first one", async () => {
    expect(await place(inputs())).toEqual({ state: "new", folder: base, otherCode: false });
  });

  it("is the run with the same inputs, wherever it stands in the row", async () => {
    await makeRun("fer2013", inputs({ epochs: 1 }), true);
    await makeRun("fer2013-2", inputs(), true);
    await makeRun("fer2013-3", inputs({ epochs: 3 }), true);
    expect(await place(inputs())).toEqual({ state: "finished", folder: nth(2), otherCode: false });
    await makeRun("fer2013-4", inputs({ epochs: 4 }), false);
    expect(await place(inputs({ epochs: 4 }))).toMatchObject({
      state: "unfinished",
      folder: nth(4),
    });
    expect(await place(inputs())).toMatchObject({ state: "finished", folder: nth(2) });
  });

  it("is kept after an edit of the code, and says so", async () => {
    await makeRun("fer2013", inputs(), true, "old");
    expect(await place(inputs())).toEqual({ state: "finished", folder: base, otherCode: true });
  });

  it("is the next free name once all others are finished", async () => {
    await makeRun("fer2013", inputs({ epochs: 1 }), true);
    expect(await place(inputs())).toMatchObject({ state: "new", folder: nth(2) });
    await makeRun("fer2013-9", inputs({ epochs: 2 }), true);
    await makeRun("fer2013-10", inputs({ epochs: 3 }), true);
    expect(await place(inputs())).toMatchObject({ state: "new", folder: nth(11) });
    expect(await place(inputs({}, "b".repeat(64)))).toMatchObject({
      state: "new",
      folder: nth(11),
    });
    expect(await place({ ...inputs(), seed: 2 })).toMatchObject({ state: "new", folder: nth(11) });
  });

  it("is beside the first run, not inside it, if the base ends with a slash", async () => {
    await makeRun("fer2013", inputs({ epochs: 1 }), true);
    const slashed = await findRunPlace(`${base}/`, inputs(), { code: "new" });
    expect(slashed).toEqual({ state: "new", folder: nth(2), otherCode: false });
  });

  it("is never a folder that holds something else", async () => {
    await mkdir(base);
    await writeFile(path.join(base, "notes.txt"), "mine");
    await mkdir(`${base}-old`);
    await mkdir(`${base}-1`);
    expect(await place(inputs())).toMatchObject({ state: "new", folder: nth(2) });
  });

  it("is refused while the newest run is unfinished with other inputs, naming each and the way out", async () => {
    const old = { ...inputs({ epochs: 30, widths: [1, 2, 3, 4] }, "b".repeat(64)), seed: 7 };
    await makeRun("fer2013", inputs({ epochs: 1 }), true);
    await makeRun("fer2013-2", old, false);
    await expect(place(inputs())).rejects.toMatchObject({
      code: "conflict",
      message:
        `${nth(2)} is unfinished and was started with other inputs:\n` +
        "  data: bbbbbbbbbbbb → aaaaaaaaaaaa\n" +
        "  seed: 7 → 1\n" +
        "  epochs: 30 → 8\n" +
        "  widths: 1,2,3,4 → 32,64,128,256",
      advice:
        "To finish it, repeat its settings: --csv my/fer2013.csv --seed 7 --epochs 30 --widths 1,2,3,4\n" +
        "To start a new run beside it, add --fresh; nothing is deleted.",
    });
  });

  it("is new with --fresh, whatever there is", async () => {
    await makeRun("fer2013", inputs({ epochs: 30 }), false);
    expect(await place(inputs(), true)).toEqual({ state: "new", folder: nth(2), otherCode: false });
    await makeRun("fer2013-2", inputs(), true);
    expect(await place(inputs(), true)).toMatchObject({ state: "new", folder: nth(3) });
  });
});

describe("the metrics of a run", () => {
  it("are refused while it is unfinished, and if the file holds something else", async () => {
    await makeRun("fer2013", inputs(), false);
    await expect(readRunMetrics(base)).rejects.toMatchObject({ code: "missing-file" });
    for (const content of [null, {}, { validation: 1 }]) {
      await writeJson(path.join(base, RUN_FILES.metrics), content);
      await expect(readRunMetrics(base)).rejects.toMatchObject({ code: "bad-data" });
    }
    const whole = { validation: { accuracyInterval: [0, 1], confusion: [[1]] } };
    await writeJson(path.join(base, RUN_FILES.metrics), whole);
    expect(await readRunMetrics(base)).toEqual(whole);
  });
});

describe("the key of a run's inputs", () => {
  it("does not depend on the order of the settings, but on every value", () => {
    const { data, split, seed, hyperparameters } = inputs();
    const reversed = Object.fromEntries(Object.entries(hyperparameters).reverse());
    expect(inputsKey({ hyperparameters: reversed, seed, split, data })).toBe(inputsKey(inputs()));
    expect(inputsKey(inputs({ widths: [64, 32, 128, 256] }))).not.toBe(inputsKey(inputs()));
    expect(inputsKey({ ...inputs(), seed: 2 })).not.toBe(inputsKey(inputs()));
  });
});

describe("what a killed process was writing", () => {
  it("is removed, and nothing else", async () => {
    await makeRun("fer2013", inputs(), false);
    const names = ["history.jsonl.0123abcd.tmp", "notes.tmp", "checkpoint/last.safetensors"];
    await mkdir(path.join(base, "checkpoint"));
    for (const name of names) await writeFile(path.join(base, name), "");
    await writeFile(path.join(base, "checkpoint/last.safetensors.deadbeef.tmp"), "");
    await removeLeftovers(base);
    expect((await readdir(base, { recursive: true })).sort()).toEqual([
      "checkpoint",
      "checkpoint/last.safetensors",
      "config.json",
      "notes.tmp",
    ]);
    await removeLeftovers(path.join(folder, "none"));
  });
});

describe("the version of the training code", () => {
  it("is a stable hash", async () => {
    expect(await trainingCode()).toMatch(/^[0-9a-f]{12}$/);
    expect(await trainingCode()).toBe(await trainingCode());
  });
});
