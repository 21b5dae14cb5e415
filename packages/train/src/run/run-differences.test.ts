import { describe, expect, it } from "vitest";
import { requestedRun, sourceFile } from "../testing/requested-run.ts";
import { differencesOf, unfinishedRunError } from "./run-differences.ts";
import type { RequestedRun } from "./run-inputs.ts";

const data = (file: string, digit: string) => ({
  name: "fer2013",
  licence: "",
  ...sourceFile(file, digit),
});
const errorFor = (old: RequestedRun, requested: RequestedRun) =>
  unfinishedRunError("runs/a", { name: "a", ...old }, requested);

describe("differencesOf", () => {
  it("finds none if only the code differs, or if a missing setting has its default in the other run", () => {
    expect(differencesOf(requestedRun(), requestedRun({}, { code: "old" }))).toEqual([]);
    const { omit, ...others } = requestedRun().hyperparameters;
    expect(omit).toBe("nothing");
    const old = { ...requestedRun(), hyperparameters: others };
    expect(differencesOf(old, requestedRun())).toEqual([]);
    expect(differencesOf(old, requestedRun({ omit: "blank" }))).toEqual([
      { name: "omit", before: "nothing", now: "blank" },
    ]);
  });
});

describe("unfinishedRunError", () => {
  it("names each input that differs, and the flags that restore it", () => {
    const old = requestedRun(
      { epochs: 30, widths: [1, 2, 3, 4], voteShare: 1, distillation: 0.5 },
      {
        data: data("my data/fer2013.csv", "b"),
        votes: sourceFile("votes.csv", "c"),
        teacher: sourceFile("teacher.bin", "d"),
        seed: 7,
      },
    );
    expect(errorFor(old, requestedRun())).toMatchObject({
      code: "conflict",
      message:
        "runs/a is unfinished and was started with other inputs:\n" +
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
    // The classes belong to the data set, so --csv restores them, too.
    const otherData = { ...old, data: requestedRun().data, classes: ["z"] };
    expect(errorFor(old, otherData).advice).toMatch(/settings: --csv 'my data\/fer2013.csv'\n/);
    // --vote-share 0 implies that no votes are read, so --ferplus needs no flag.
    expect(errorFor(requestedRun(), { ...old, data: requestedRun().data }).advice).toMatch(
      /settings: --seed 1 --epochs 8 --widths 32,64,128,256 --vote-share 0 --distillation 0\n/,
    );
  });

  it("restores another split with its seed, and the official split without a seed", () => {
    const own = requestedRun({}, { split: "70/20/10", splitSeed: 3 });
    expect(errorFor(own, requestedRun()).message).toContain(
      "  split: 70/20/10 → official\n  splitSeed: 3 → (none)",
    );
    expect(errorFor(own, requestedRun()).advice).toMatch(
      /settings: --split 70\/20\/10 --split-seed 3\n/,
    );
    expect(errorFor(requestedRun(), own).advice).toMatch(/settings: --split official\n/);
  });

  it("says that a run cannot be finished when a file changed or a setting no longer exists", () => {
    const old = requestedRun({}, { teacher: sourceFile("t.bin", "1"), classes: ["a", "z"] });
    const changed = { data: data("./fer2013.csv", "b"), teacher: sourceFile("t.bin", "2") };
    expect(errorFor(old, requestedRun({}, changed)).advice).toBe(
      "It can no longer be finished: fer2013.csv has changed, t.bin has changed, the manifest of fer2013.csv has changed.\n" +
        "To start a new run beside it, add --fresh; nothing is deleted.",
    );
    const hyperparameters = { ...requestedRun().hyperparameters, magicShare: 1 };
    expect(errorFor({ ...requestedRun(), hyperparameters }, requestedRun()).advice).toContain(
      "this version has no --magic-share",
    );
  });
});
