/*
 * Compares training recipes. Each is the base recipe with one change; it is trained for ten epochs
 * on half of each class with two seeds, and evaluated on PublicTest. Prints the table of
 * docs/experiments.md. Finished runs are kept in artifacts/experiments, or in DIR, so the command
 * can be stopped at any time and repeated.
 *
 *   node tools/experiments.mjs [--out DIR] [NAME…]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const ROOT = path.resolve(import.meta.dirname, "..");
const SEEDS = [1, 2];

const base = {
  epochs: 10,
  subset: 0.5,
  batchSize: 64,
  widths: [32, 64, 128, 256],
  firstKernelSize: 5,
  pooling: "max",
  optimizer: "sgd",
  learningRate: 0.05,
  schedule: "cosine",
  warmup: 0.05,
  convDropout: 0,
  dropout: 0.4,
  l2: 1e-4,
  ema: 0.99,
  labelSmoothing: 0.1,
  zoom: 0.15,
  shift: 0.1,
  rotation: 10,
  mirror: 0.5,
  brightness: 0.2,
  contrast: 0.2,
  omit: "blank",
};

const experiments = {
  base: {},
  adam: { optimizer: "adam", learningRate: 2e-3 },
  "average-head": { head: "average" },
  "first-kernel-3": { firstKernelSize: 3 },
  "strong-augmentation": { shift: 0.2, rotation: 15, zoom: 0.2, erasing: 0.4 },
  mixup: { mixup: 0.2 },
  "more-decay": { l2: 4e-4 },
  "no-smoothing": { labelSmoothing: 0 },
  blur: { pooling: "blur" },
  "squeeze-excite": { squeezeExcite: 8 },
  cutmix: { cutmix: 0.5 },
  sam: { sam: 0.05 },
  "vote-head": { voteHead: 0.5 },
  distillation: { distillation: 0.5 },
  "warm-teacher": { distillation: 0.5, teacherTemperature: 2 },
  // The base recipe uses bf16 on processors with AMX; otherwise this one is the same.
  fp32: { precision: "fp32" },
};

/** The teacher of the experiments with distillation: deep and fer2013, of the releases before. */
const TEACHER = path.join(ROOT, "tools/release/teacher-2.bin");

const { out, names } = readOptions();
mkdirSync(out, { recursive: true });
const results = new Map(names.map((name) => [name, []]));
for (const seed of SEEDS) {
  for (const name of names) results.get(name).push(train(name, seed));
}

const percent = (value) => (100 * value).toFixed(2);
console.log(
  "\n| experiment | change | accuracy % | macro-F1 % | loss |\n| --- | --- | --- | --- | --- |",
);
for (const [name, scores] of results) {
  const mean = (key) => scores.reduce((sum, score) => sum + score[key], 0) / scores.length;
  const each = scores.map(({ accuracy }) => percent(accuracy)).join(", ");
  const change = Object.entries(experiments[name]).map(([key, value]) => `${key} ${value}`);
  const cells = [name, change.join(", ") || "–", `${percent(mean("accuracy"))} (${each})`];
  console.log(`| ${[...cells, percent(mean("macroF1")), mean("loss").toFixed(4)].join(" | ")} |`);
}
const runs = [...results.values()].flat().map(({ run }) => run);
console.log(`\nnpx nx run train:compare ${runs.join(" ")}`);

/** Trains a recipe, unless that is done already; returns the run's folder and validation metrics. */
function train(name, seed) {
  const config = path.join(out, `${name}.json`);
  writeFileSync(config, JSON.stringify({ ...base, ...experiments[name] }, null, 2));
  const place = path.join(out, `${name}-seed${seed}`);
  // train:fit uses another folder if the recipe was edited since; the result names the folder.
  const result = `${place}.fit.json`;
  const flags = ["--config", config, "--seed", String(seed), "--out", place, "--json", result];
  if (experiments[name].distillation > 0) flags.push("--teacher", path.relative(".", TEACHER));
  const program = path.join(ROOT, "packages/train/src/bin.ts");
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx"), program];
  const { status } = spawnSync(process.execPath, [...node, "fit", ...flags], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  const { run } = readJson(result);
  return { run, ...readJson(path.join(run, "metrics.json")).validation };
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function readOptions() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: { out: { type: "string", default: "artifacts/experiments" } },
    });
  } catch (error) {
    fail(error.message);
  }
  const known = Object.keys(experiments);
  const { positionals } = parsed;
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`no experiment "${unknown}"; there are ${known.join(", ")}`);
  return { out: parsed.values.out, names: positionals.length > 0 ? positionals : known };
}

function fail(problem) {
  console.error(`error: ${problem}`);
  process.exit(2);
}
