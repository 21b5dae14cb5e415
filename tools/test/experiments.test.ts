import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { resolveConfig } from "@mien/train";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";

const script = path.resolve(import.meta.dirname, "../experiments.mjs");
const CSV = "emotion,pixels,Usage\n";
const CLASSES = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-experiments-"));
  onTestFinished(() => rm(folder, { recursive: true }));
});

/** Runs the script in the temporary folder, which is also where it looks for the data set. */
function experiments(...flags: string[]) {
  const env = { ...process.env, MIEN_DATA: folder };
  return spawnSync(process.execPath, [script, ...flags], { cwd: folder, env, encoding: "utf8" });
}

/** A run that train:fit takes for finished. */
async function plantRun(name: string, hyperparameters: object, accuracy: number): Promise<void> {
  const run = path.join(folder, "kept", name);
  await mkdir(path.join(run, "model"), { recursive: true });
  const zeros = CLASSES.map(() => 0);
  const score = { images: 1, accuracy, accuracyInterval: [0, 1], macroF1: accuracy, loss: 1 };
  const files = {
    config: {
      name,
      data: { name: "fer2013", sha256: createHash("sha256").update(CSV).digest("hex") },
      classes: CLASSES,
      input: { height: 48, width: 48, channels: 1 },
      split: "official",
      seed: Number(/seed(\d)/.exec(name)![1]),
      hyperparameters,
      code: "c",
    },
    metrics: { validation: { ...score, recall: zeros, confusion: CLASSES.map(() => zeros) } },
  };
  for (const [file, content] of Object.entries(files)) {
    await writeFile(path.join(run, `${file}.json`), JSON.stringify(content));
  }
  for (const file of ["model.json", "weights.bin"]) {
    await writeFile(path.join(run, "model", file), "");
  }
}

describe("tools/experiments.mjs", () => {
  it("shows the figures of the present recipe, not of a run with an earlier recipe", async () => {
    // It stops because there is no data, but the recipe is already written.
    expect(experiments("base", "--out", "kept").status).toBe(1);
    const recipe = resolveConfig(
      JSON.parse(await readFile(path.join(folder, "kept/base.json"), "utf8")),
    );
    await writeFile(path.join(folder, "fer2013.csv"), CSV);
    await plantRun("base-seed1", { ...recipe, epochs: 1 }, 0.1);
    await plantRun("base-seed1-2", recipe, 0.5);
    await plantRun("base-seed2", recipe, 0.7);

    const { stdout, stderr, status } = experiments("base", "--out", "kept");
    expect(status, stderr).toBe(0);
    expect(stdout).toContain("| base | – | 60.00 (50.00, 70.00) | 60.00 | 1.0000 |");
    expect(stdout).toContain("train:compare kept/base-seed1-2 kept/base-seed2\n");
  }, 180_000);

  it("refuses unknown experiments and flags", () => {
    const unknown = experiments("base", "toString");
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toMatch(/no experiment "toString"; there are base, adam, .*fp32/);
    expect(experiments("--seeds", "3").status).toBe(2);
  });
});
