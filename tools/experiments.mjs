/*
 * Ranks training recipes against each other: each is the base recipe with one change, trained for
 * ten epochs on half of every class with two seeds, and judged on PublicTest. Prints the table of
 * docs/experiments.md. Finished runs are kept under artifacts/experiments, so it can be stopped
 * and repeated.
 *
 *   node tools/experiments.mjs [NAME…]
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const FOLDER = "artifacts/experiments";
const SEEDS = [1, 2];

const base = {
  epochs: 10,
  subset: 0.5,
  batchSize: 64,
  widths: [32, 64, 128, 256],
  firstKernelSize: 5,
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
};

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(experiments);
mkdirSync(FOLDER, { recursive: true });
const results = new Map(chosen.map((name) => [name, []]));
for (const seed of SEEDS) {
  for (const name of chosen) {
    const change = experiments[name];
    if (change === undefined) {
      console.error(`no experiment "${name}"; there are ${Object.keys(experiments).join(", ")}`);
      process.exit(2);
    }
    const config = path.join(FOLDER, `${name}.json`);
    writeFileSync(config, JSON.stringify({ ...base, ...change }, null, 2));
    const run = path.join(FOLDER, `${name}-seed${seed}`);
    const flags = ["--config", config, "--seed", String(seed), "--out", run];
    const command = ["--conditions=source", "--import", "tsx", "packages/train/src/bin.ts", "fit"];
    const { status } = spawnSync(process.execPath, [...command, ...flags], { stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
    const file = path.join(run, "metrics.json");
    if (existsSync(file)) results.get(name).push(JSON.parse(readFileSync(file, "utf8")).validation);
  }
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
