/*
 * Measures what the flaws of FER2013 cost: trains the same recipe on the training split as published
 * and without each kind of flaw, with three seeds, and evaluates on PublicTest, which stays as
 * published. Prints the table of docs/audit.md. Finished runs are kept in artifacts/flaws, or in DIR,
 * so the command can be stopped at any time and repeated.
 *
 *   node tools/flaws.mjs [--csv FILE] [--audit FOLDER] [--out DIR] [NAME…]
 *
 * FOLDER is what data:audit wrote; without it, the suspected labels are left out.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";

const ROOT = path.resolve(import.meta.dirname, "..");
const SEEDS = [1, 2, 3];

/** Short, so that all trainings fit into an hour or two; it omits nothing by itself. */
const recipe = {
  epochs: 8,
  batchSize: 64,
  widths: [16, 32, 64, 128],
  denseUnits: 128,
  optimizer: "adam",
  learningRate: 2e-3,
  schedule: "cosine",
  warmup: 0.03,
  convDropout: 0,
  dropout: 0.3,
  l2: 1e-4,
  ema: 0.99,
  labelSmoothing: 0.05,
  zoom: 0.1,
  shift: 0.08,
  rotation: 8,
  mirror: 0.5,
  brightness: 0.15,
  contrast: 0.15,
  omit: "nothing",
};

/** For each kind of flaw: what is done about it, and the function that makes its corrections. */
const flaws = {
  published: ["nothing is changed", () => []],
  copies: ["of exact copies, one stays", ({ groups }) => repeated(groups(/^copy/))],
  "near-copies": [
    "of exact and near-copies, one stays",
    ({ groups }) => repeated(groups(/^(near-)?copy/)),
  ],
  blank: ["blank images are dropped", ({ rows }) => rows(/^blank$/)],
  conflicts: [
    "copies and near-copies with different labels are dropped",
    ({ rows }) => rows(/copy-with-other-label$/),
  ],
  "suspected-dropped": [
    "images with a suspected label are dropped",
    ({ suspected }) => suspected.map(({ row, label }) => ({ row, label })),
  ],
  "suspected-relabelled": [
    "images with a suspected label get the label that the models give",
    ({ suspected }) => suspected,
  ],
};

const options = readOptions();
mkdirSync(options.out, { recursive: true });
const found = findFlaws();
const results = new Map();
for (const name of options.names) results.set(name, { changed: correctionsOf(name), runs: [] });
for (const seed of SEEDS) {
  for (const [name, { runs }] of results) runs.push(train(name, seed));
}
const rows = [];
const published = results.get("published");
for (const [name, { changed, runs }] of results) {
  const scores = runs.map((run) => readJson(path.join(run, "metrics.json")).validation);
  const mean = (value) => scores.reduce((sum, score) => sum + value(score), 0) / scores.length;
  const each = scores.map(({ accuracy }) => percent(accuracy)).join(", ");
  const [low, high] = [0, 1].map((end) => mean(({ accuracyInterval }) => accuracyInterval[end]));
  const tests =
    name === "published" || published === undefined
      ? "–"
      : runs.map((run, i) => compare(published.runs[i], run)).join(", ");
  rows.push([
    flaws[name][0],
    String(changed),
    `${percent(mean(({ accuracy }) => accuracy))} (${each})`,
    `${percent(low, 1)} – ${percent(high, 1)}`,
    percent(mean(({ macroF1 }) => macroF1)),
    scores.every(({ byVotes }) => byVotes) ? percent(mean(({ byVotes }) => byVotes.accuracy)) : "–",
    tests,
  ]);
}
const head = [
  "training split",
  "images changed",
  "accuracy % (each seed)",
  "95 % interval",
  "macro-F1 %",
  "by votes %",
  "p of McNemar's test (each seed)",
];
console.log(`\n| ${head.join(" | ")} |\n|${" --- |".repeat(head.length)}`);
for (const cells of rows) console.log(`| ${cells.join(" | ")} |`);

/** Runs data:explore, and reads its findings about training rows. */
function findFlaws() {
  const folder = path.join(options.out, "explore");
  run("data", ["explore", "--out", folder]);
  const findings = readCsv(path.join(folder, "findings.csv")).map((finding) => {
    const [split, label] = finding.detail.split("; ");
    return { ...finding, split, label };
  });
  const training = findings.filter(({ split }) => split === "Training");
  const ofKind = (kind) => training.filter((finding) => kind.test(finding.kind));
  return {
    rows: (kind) => ofKind(kind),
    groups: (kind) => byGroup(ofKind(kind)),
    suspected: suspectedImages(),
  };
}

/** The images that data:audit suspects, with the label that it suggests. */
function suspectedImages() {
  if (options.audit === undefined) return [];
  return readCsv(path.join(options.audit, "suspects.csv")).map((image) => ({
    row: image.row,
    label: image.label,
    newLabel: image.suggested,
  }));
}

/** Findings by the name of their group of copies. */
function byGroup(findings) {
  const groups = new Map();
  for (const finding of findings) {
    groups.set(finding.group, [...(groups.get(finding.group) ?? []), finding]);
  }
  return groups;
}

/**
 * All images of each group but the first row. A group of near-copies holds whole groups of exact
 * copies, so one image of each picture stays.
 */
function repeated(groups) {
  return [...groups.values()].flatMap((images) => {
    const first = Math.min(...images.map(({ row }) => Number(row)));
    return images.filter(({ row }) => Number(row) !== first);
  });
}

/** Writes the corrections of a kind of flaw; returns the number of images that it changes. */
function correctionsOf(name) {
  const images = new Map(flaws[name][1](found).map((image) => [image.row, image]));
  const lines = [...images.values()].map(({ row, label, newLabel }) => [
    row,
    newLabel === undefined ? "drop" : "relabel",
    label,
    newLabel ?? "",
  ]);
  const header = ["row", "action", "label", "new label"];
  writeFileSync(correctionsFile(name), stringify([header, ...lines]));
  return lines.length;
}

function correctionsFile(name) {
  return path.join(options.out, `${name}.csv`);
}

/** Trains on the corrected training split, unless that is done already; returns the run's folder. */
function train(name, seed) {
  const config = path.join(options.out, "recipe.json");
  writeFileSync(config, JSON.stringify(recipe, null, 2));
  const place = path.join(options.out, `${name}-seed${seed}`);
  // train:fit uses another folder if the recipe was edited since; the result names the folder.
  const result = `${place}.fit.json`;
  const flags = ["--config", config, "--seed", String(seed), "--out", place, "--json", result];
  const corrections = name === "published" ? [] : ["--corrections", correctionsFile(name)];
  run("train", ["fit", ...flags, ...corrections]);
  return readJson(result).run;
}

/** p of McNemar's test between two runs on PublicTest, by labels. */
function compare(first, second) {
  const result = path.join(options.out, "compare.json");
  run("train", [
    "compare",
    first,
    second,
    "--out",
    path.join(options.out, "compare"),
    "--json",
    result,
  ]);
  const pair = readJson(result).pairs.find(
    ({ part, by }) => part === "validation" && by === "labels",
  );
  return pair.p.toFixed(2);
}

function run(name, flags) {
  const program = path.join(ROOT, `packages/${name}/src/bin.ts`);
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx"), program];
  const csv = options.csv === undefined || flags[0] === "compare" ? [] : ["--csv", options.csv];
  const { status } = spawnSync(process.execPath, [...node, ...flags, ...csv], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

function percent(value, decimals = 2) {
  return (100 * value).toFixed(decimals);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function readCsv(file) {
  return parse(readFileSync(file), { columns: true });
}

function readOptions() {
  let parsed;
  try {
    const text = { type: "string" };
    parsed = parseArgs({
      allowPositionals: true,
      options: { csv: text, audit: text, out: { type: "string", default: "artifacts/flaws" } },
    });
  } catch (error) {
    fail(error.message);
  }
  const { csv, audit, out } = parsed.values;
  const known = Object.keys(flaws).filter(
    (name) => audit !== undefined || !name.startsWith("suspected"),
  );
  const { positionals } = parsed;
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`no kind of flaw "${unknown}"; there are ${known.join(", ")}`);
  if (audit !== undefined && !existsSync(path.join(audit, "suspects.csv"))) {
    fail(`${audit} has no suspects.csv; make it with npx nx run data:audit`);
  }
  const names = known.filter((name) => positionals.length === 0 || positionals.includes(name));
  return { csv, audit, out, names };
}

function fail(problem) {
  console.error(`error: ${problem}`);
  process.exit(2);
}
