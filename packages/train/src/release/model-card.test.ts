import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RunConfig } from "@mien/format";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { recordTestSetAccess } from "../run/test-set-access.ts";
import { readRunMetrics } from "../run/run-metrics.ts";
import { writeFinishedRun, type FinishedRun } from "../testing/finished-run.ts";
import { releaseModel, rewriteCards } from "./release-model.ts";
import { readReleased, type ReleaseIndex } from "./released-models.ts";

let base: string;
let out: string;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), "mien-card-"));
  out = path.join(base, "release");
  onTestFinished(() => rm(base, { recursive: true }));
});

/** Releases a synthetic run with synthetic model files. */
async function release(
  name: string,
  about: FinishedRun,
  options: { run?: string; otherSeeds?: readonly string[] } = {},
) {
  const run = path.join(base, options.run ?? name);
  if (!existsSync(run)) await writeFinishedRun(run, about);
  const file = (precision: string) => path.join(base, `${name}.${precision}`);
  for (const precision of ["fp32", "int8"])
    await writeFile(file(precision), `${name} ${precision}`);
  const files = ["fp32", "int8"].map((precision) => {
    const sha256 = hash(`${name} ${precision}`);
    return { precision, file: file(precision), sha256, latencyMs: 0.5, accuracy: 0.75 };
  });
  const command = `npm run release -- --only ${name}`;
  const { otherSeeds } = options;
  return releaseModel(out, {
    name,
    run,
    files,
    description: `This is ${name}.`,
    command,
    otherSeeds,
  });
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const card = (name: string) => readFile(path.join(out, `${name}.md`), "utf8");
const index = async () =>
  JSON.parse(await readFile(path.join(out, "index.json"), "utf8")) as ReleaseIndex;

describe("releaseModel", () => {
  it("copies the files, with their hashes in index and card", async () => {
    await release("small", { right: 30, rightByVotes: 20 });
    expect((await readdir(out)).sort()).toEqual([
      "index.json",
      "small.int8.onnx",
      "small.md",
      "small.onnx",
    ]);
    expect(await readFile(path.join(out, "small.int8.onnx"), "utf8")).toBe("small int8");
    const sha256 = hash("small fp32");
    const { files, parameters, config } = (await index()).models["small"]!;
    expect(files.fp32).toMatchObject({ name: "small.onnx", bytes: 10, sha256 });
    expect(parameters).toBe(38);
    expect(config.data.path).toBe("d.csv");
    expect(await card("small")).toContain(sha256);
  });

  it("chooses the default by the mean recall, averaged over labels and votes", async () => {
    // The first model is best by labels; the third is best by the average of labels and votes.
    await release("labels", { right: 36, rightByVotes: 10 });
    expect((await index()).default).toBe("labels");
    await release("votes", { right: 10, rightByVotes: 36 });
    const both = await release("both", { right: 32, rightByVotes: 40 });
    expect(both.default).toBe("both");
    expect((await index()).default).toBe("both");
    expect(await card("both")).toContain("uses by default");
    for (const name of ["labels", "votes"]) {
      const text = await card(name);
      expect(text).not.toContain("uses by default");
      expect(text).toMatch(/\[both\]\(both\.md\).*★/);
    }
  });

  it("lists every test-set access, also of earlier weights of the same name", async () => {
    const access = async (run: string) => {
      const folder = path.join(base, run);
      const { test } = await readRunMetrics(folder);
      await recordTestSetAccess(folder, { run, code: "abc", metrics: test! });
    };
    const splits = ["validation", "test"] as const;
    await writeFinishedRun(path.join(base, "first"), { right: 20, splits });
    await access("first");
    await release("m", { right: 20 }, { run: "first" });
    expect(await card("m")).toContain("the training did not read it");
    // A later candidate that was not released.
    const released = await index();
    const { openings } = released.models["m"]!;
    const candidate = { ...openings[0]!, weights: "f".repeat(64), how: "not released" };
    const models = { m: { ...released.models["m"]!, openings: [...openings, candidate] } };
    await writeFile(path.join(out, "index.json"), JSON.stringify({ ...released, models }));
    await rewriteCards(out);
    expect(await card("m")).toContain("the training did not read it");
    expect(await card("m")).toContain("not released |");
    await writeFile(path.join(out, "index.json"), JSON.stringify(released));
    await writeFinishedRun(path.join(base, "second"), { right: 28, splits });
    await access("second");
    await release("m", { right: 28 }, { run: "second" });
    expect((await index()).models["m"]!.openings).toMatchObject([
      { accuracy: 0.5 },
      { accuracy: 0.7 },
    ]);
    expect(await card("m")).not.toContain("more than once");
    expect(await card("m")).not.toContain("the training did not read it");
    expect(await card("m")).toContain("earlier weights of this name were tested on it");
    await access("second");
    await release("m", { right: 28 }, { run: "second" });
    expect(await card("m")).toContain("tested more than once");
    expect((await index()).models["m"]!.openings).toHaveLength(3);
  });

  it("keeps the test metrics of the same weights and the description of the same name", async () => {
    const splits = ["validation", "test"] as const;
    const tested = await writeFinishedRun(path.join(base, "tested"), { right: 20, splits });
    await writeFinishedRun(path.join(base, "again"), { right: 20 });
    await writeFile(path.join(base, "again/model/weights.bin"), "weights of tested");
    const { test } = await readRunMetrics(tested);
    await recordTestSetAccess(tested, { run: "tested", code: "abc", metrics: test! });
    await release("m", { right: 20 }, { run: "tested" });
    expect(await card("m")).toContain("npm run release -- --only m --final");
    const files = [{ precision: "fp32", sha256: hash("m fp32"), latencyMs: 1, accuracy: 0.5 }];
    const again = { name: "m", run: path.join(base, "again"), command: "x" };
    const file = path.join(base, "m.fp32");
    await releaseModel(out, { ...again, files: [{ ...files[0]!, file }] });
    const { metrics, openings, description } = (await index()).models["m"]!;
    expect(metrics.test).toEqual(test);
    expect(openings).toHaveLength(1);
    expect(description).toBe("This is m.");
  });

  it("names a split of its own in the cards, and does not compare it with official ones", async () => {
    await release("usual", { right: 10 });
    expect(await card("usual")).toContain("mean recall on PublicTest, averaged");
    const config = { split: "70/20/10", splitSeed: 2 } as const;
    const released = await release("own", { right: 40, config });
    expect(released.default).toBe("usual");
    const text = await card("own");
    expect(text).toContain("(split 70/20/10 with seed 2: a test split of the data set is kept;");
    expect(text).toContain("The epoch was chosen on validation,");
    expect(text).not.toContain("PublicTest (");
    expect(text).toContain("| **own**, split 70/20/10 with seed 2 |");
    expect(text).toContain("| [usual](usual.md), split official |");
  });

  it("does not choose a model without votes as default if others have votes", async () => {
    await release("both", { right: 10, rightByVotes: 20 });
    await release("labels", { right: 40 });
    expect((await index()).default).toBe("both");
  });

  it("refuses a run without evaluation or 32-bit file, and writes nothing", async () => {
    const run = await writeFinishedRun(path.join(base, "run"), { right: 1 });
    const about = { name: "m", run, files: [], description: "", command: "" };
    await expect(releaseModel(out, about)).rejects.toThrow(/no 32-bit model/);
    const changed = path.join(base, "changed.onnx");
    await writeFile(changed, "other");
    const file = { precision: "fp32", file: changed, sha256: hash("verified") };
    await expect(
      releaseModel(out, { ...about, files: [{ ...file, latencyMs: 1, accuracy: 1 }] }),
    ).rejects.toThrow(/not the file that was verified/);
    await rm(path.join(run, "calibration.json"));
    await expect(releaseModel(out, about)).rejects.toThrow(/is not evaluated/);
    expect(existsSync(out)).toBe(false);
  });
});

describe("the card", () => {
  it("names purpose, forbidden uses, origin and reproduction of the model", async () => {
    await release("small", { right: 30, rightByVotes: 20 });
    const text = await card("small");
    for (const expected of [
      "This is small.",
      "Art. 5(1)(f)",
      "Art. 50(3)",
      "cannot read feelings",
      "Licence: none",
      "npm run release -- --only small",
      "no figures on PrivateTest",
      "4 images of the split that occur in the training split",
      "| widths | 1, 2 |",
      "\\<Sad\\>",
    ]) {
      expect(text).toContain(expected);
    }
    expect(text).not.toMatch(/NaN|undefined|null|\/home\/me/);
  });

  it("has a column for top-2 accuracy only if the metrics contain it", async () => {
    await release("m", { right: 30, rightByVotes: 20 });
    expect(await card("m")).toContain("| 95 % interval | top-2 | macro-F1 |");
    expect(await card("m")).toContain("“Top-2” is the share");
    const text = await readFile(path.join(out, "index.json"), "utf8");
    await writeFile(path.join(out, "index.json"), text.replace(/"top2Accuracy": 1,/g, ""));
    await rewriteCards(out);
    expect(await card("m")).not.toMatch(/top-2/i);
  });

  it("does not change when the cards are rewritten", async () => {
    await release("a", { right: 30 });
    await release("b", { right: 20 });
    const before = [await card("a"), await card("b"), await index()];
    await rewriteCards(out);
    expect([await card("a"), await card("b"), await index()]).toEqual(before);
    await expect(rewriteCards(base)).rejects.toThrow(/no released models/);
    await writeFile(path.join(out, "index.json"), '{"models": {"a": {}}}');
    await expect(readReleased(out)).rejects.toMatchObject({ code: "bad-data" });
  });
});

describe("the statements of a card", () => {
  const named = (name: string, hyperparameters: Readonly<Record<string, string | number>>) => ({
    data: { name, sha256: "0".repeat(64), path: "d.csv", licence: "CC0" },
    hyperparameters: { learningRate: 0.1, widths: [1, 2], ...hyperparameters },
  });

  it("are about FER2013 only for a model that was trained on it", async () => {
    const ofFer2013 = /Goodfellow|found on the web|research and study|from the web|In products/;
    await release("other", { right: 30, config: named("my-faces", {}) });
    expect(await card("other")).not.toMatch(ofFer2013);
    expect(await card("other")).toContain("limits the weights too: CC0");
    await release("fer", { right: 30, config: named("fer2013", {}) });
    expect(await card("fer")).toMatch(ofFer2013);
  });

  it.each([
    [{}, "trained on all images of the training split (Training)."],
    [{ subset: 0.2 }, "trained on 20 % of each class of the training split (Training)."],
    [{ subset: 0.2, omit: "blank" }, "split (Training). Blank images were left out."],
  ])("about the training images follow the settings: %j", async (settings, text) => {
    await release("m", { right: 30, config: named("d", settings) });
    expect(await card("m")).toContain(text);
    expect(await card("m")).not.toMatch(/chose (everything|nothing)|chose the epoch, the settings/);
  });
});

describe("the protocol in a card", () => {
  it("names the figure by which the epoch was chosen", async () => {
    const config = { hyperparameters: { voteShare: 0.5 } };
    await release("old", { right: 30, config, epochs: [[0.7, 1], [0.6, 2]] }); // prettier-ignore
    expect(await card("old")).toContain("epoch 1 has the highest accuracy there, by the most");
    await release("new", { right: 30, config, epochs: [[0.7, 1, 0.5], [0.6, 2, 0.6]] }); // prettier-ignore
    expect(await card("new")).toContain("epoch 2 has the highest mean of two accuracies there:");
    expect((await index()).models["new"]).toMatchObject({ criterion: "labels-and-votes" });
  });

  it("names both heads, their shares in the answer, and the weights that training started from", async () => {
    const config = {
      hyperparameters: { voteHead: 0.5, voteShare: 0.25 },
      start: { path: "/home/me/runs/first/model/weights.bin", sha256: "5".repeat(64) },
    };
    await release("two", { right: 30, config });
    const text = await card("two");
    expect(text).toContain(
      "by the data set's labels in one output head and the FER+ votes in another",
    );
    expect(text).toContain("the logits of both heads: labels and FER+ votes, 75 to 25.");
    expect(text).toContain(
      `started from the weights of another model, SHA-256 \`${"5".repeat(64)}\``,
    );
    expect(JSON.stringify((await index()).models["two"])).not.toContain("/home/me");
  });

  it("shows runs with other seeds, keeps them for the same weights, and refuses other runs", async () => {
    const seeded = async (name: string, right: number, config: Partial<RunConfig>) =>
      writeFinishedRun(path.join(base, name), { right, config });
    await seeded("m", 28, { seed: 1 });
    const others = [await seeded("b", 30, { seed: 2 }), await seeded("c", 26, { seed: 3 })];
    const note =
      "by the labels, 70.00 % with seed 1 (this model), 75.00 % with seed 2, 65.00 % with seed 3: mean 70.00 %, spread 10.00 points.";
    await release("m", { right: 28 }, { otherSeeds: others });
    expect(await card("m")).toContain(note);
    await release("m", { right: 28 });
    expect(await card("m")).toContain(note);

    const different = await seeded("d", 28, { seed: 4, hyperparameters: { l2: 1e-3 } });
    await expect(release("m", { right: 28 }, { otherSeeds: [different] })).rejects.toThrow(
      /differs in seed, .*l2/,
    );
    const same = [path.join(base, "m")];
    await expect(release("m", { right: 28 }, { otherSeeds: same })).rejects.toThrow(
      /differs in nothing/,
    );
  });
});
