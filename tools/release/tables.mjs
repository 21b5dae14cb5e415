/*
 * Renews the tables about the released models in docs/benchmarks.md from artifacts/release/index.json.
 * `npm run release` does it, too.
 *
 *   node tools/release/tables.mjs           renews the tables
 *   node tools/release/tables.mjs --check   fails if a table is not up to date, and changes no file
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import prettier from "prettier";

const ROOT = path.resolve(import.meta.dirname, "../..");
const DOCUMENT = path.join(ROOT, "docs/benchmarks.md");
const INDEX = path.join(ROOT, "artifacts/release/index.json");

/**
 * @typedef {object} Scores the metrics of a model on a split; accuracies are 0–1.
 * @property {number} images
 * @property {number} accuracy
 * @property {readonly [number, number]} accuracyInterval
 * @property {number} macroF1
 * @property {number} meanRecall
 * @property {{ readonly ece: number }} calibrated
 * @property {{ readonly accuracy: number }} averaged
 * @property {{ readonly accuracy: number, readonly images: number }} leakFree
 * @property {{ readonly accuracy: number, readonly images: number }} nearLeakFree
 * @property {Scores} byVotes
 * @property {{ readonly calibratedEce: number }} [mixed] by labels and votes, if it learnt both
 */
/**
 * @typedef {object} ReleasedModel
 * @property {number} parameters
 * @property {{ readonly hyperparameters: { readonly depth: number } }} config
 * @property {{ readonly voteShare: number }} calibration
 * @property {{ readonly validation: Scores, readonly test: Scores }} metrics
 */
/** @typedef {{ readonly default: string, readonly models: Readonly<Record<string, ReleasedModel>> }} Index */

/** @param {number} value @param {number} [digits] */
const percent = (value, digits = 1) => (100 * value).toFixed(digits);

/**
 * Rows of a table for every model, the most accurate by labels on PublicTest first: one by the labels,
 * one by the votes.
 *
 * @param {Index} index
 * @param {"validation" | "test"} split
 * @param {(scores: Scores) => readonly string[]} cells
 */
function rowsOf({ models }, split, cells) {
  return Object.entries(models)
    .sort(([, a], [, b]) => b.metrics.validation.accuracy - a.metrics.validation.accuracy)
    .flatMap(([name, { metrics }]) => {
      const scores = metrics[split];
      return [
        [`[${name}](../artifacts/release/${name}.md)`, "FER2013's labels", ...cells(scores)],
        ["", "FER+ votes", ...cells(scores.byVotes)],
      ];
    });
}

/**
 * The number of PublicTest images in a column, in brackets.
 *
 * @param {Index} index
 * @param {"leakFree" | "nearLeakFree"} part
 */
function countOf({ models }, part) {
  const [first] = Object.values(models);
  if (first === undefined) return "";
  return ` (${first.metrics.validation[part].images.toLocaleString("en")})`;
}

/**
 * What the probabilities of a model are calibrated to, and their ECE by it on PrivateTest.
 *
 * @param {ReleasedModel} model
 */
function eceOf({ calibration: { voteShare }, metrics: { test } }) {
  const mixed = test.mixed ?? { calibratedEce: NaN };
  const [by, ece] =
    voteShare === 0
      ? ["labels", test.calibrated.ece]
      : voteShare === 1
        ? ["votes", test.byVotes.calibrated.ece]
        : [
            `labels and votes, ${percent(1 - voteShare, 0)} to ${percent(voteShare, 0)}`,
            mixed.calibratedEce,
          ];
  return [by, `${percent(ece)} %`];
}

/** The tables by name. @type {Readonly<Record<string, (index: Index) => string[][]>>} */
const TABLES = {
  "released-private": (index) => [
    [
      ...["model", "evaluated by", "accuracy (95 % interval)", "ten views"],
      ...["without copies / near-copies of training images", "macro-F1", "mean recall", "ECE"],
    ],
    ...rowsOf(index, "test", (scores) => {
      const [low, high] = scores.accuracyInterval;
      return [
        `${percent(scores.accuracy)} % (${percent(low)} – ${percent(high)})`,
        `${percent(scores.averaged.accuracy)} %`,
        `${percent(scores.leakFree.accuracy)} / ${percent(scores.nearLeakFree.accuracy)} %`,
        ...[scores.macroF1, scores.meanRecall, scores.calibrated.ece].map(
          (value) => `${percent(value)} %`,
        ),
      ];
    }),
  ],
  "released-kinds": (index) => [
    [
      ...["model", "convolutions", "parameters", "mean recall on PublicTest"],
      ...["calibrated to", "ECE on PrivateTest"],
    ],
    ...Object.entries(index.models)
      .map(([name, model]) => {
        const { meanRecall, byVotes } = model.metrics.validation;
        const recall = (meanRecall + byVotes.meanRecall) / 2;
        const convolutions = String(4 * model.config.hyperparameters.depth);
        const size = `${(model.parameters / 1e6).toFixed(2)} M`;
        return { recall, row: [name, convolutions, size, `${percent(recall)} %`, ...eceOf(model)] };
      })
      .sort((a, b) => b.recall - a.recall)
      .map(({ row: [name = "", ...rest] }) => [
        name === index.default ? `${name}, the default` : name,
        ...rest,
      ]),
  ],
  "released-copies": (index) => [
    [
      ...["model", "evaluated by", "all images"],
      `without copies${countOf(index, "leakFree")}`,
      `without near-copies${countOf(index, "nearLeakFree")}`,
    ],
    ...rowsOf(index, "validation", (scores) =>
      [scores, scores.leakFree, scores.nearLeakFree].map(
        ({ accuracy }) => `${percent(accuracy)} %`,
      ),
    ),
  ],
};

/**
 * The text of a document with new tables. A table follows a line `<!-- table NAME -->`.
 *
 * @param {string} text Markdown
 * @param {Index} index
 * @returns {Promise<string>}
 */
async function renewTables(text, index) {
  const renewed = text.replaceAll(
    /^(<!-- table (\S+) -->\n\n)(?:\|.*\n)*/gm,
    (_, mark, /** @type {string} */ name) => {
      const table = TABLES[name]?.(index);
      if (table === undefined) throw new Error(`there is no table "${name}"`);
      const [head = [], ...rows] = table;
      return mark + [head, head.map(() => "---"), ...rows].map(line).join("");
    },
  );
  return prettier.format(renewed, {
    ...(await prettier.resolveConfig(DOCUMENT)),
    parser: "markdown",
  });
}

/** @param {readonly string[]} cells */
function line(cells) {
  return `| ${cells.join(" | ")} |\n`;
}

/**
 * Renews the tables of docs/benchmarks.md.
 *
 * @param {{ check?: boolean }} [options] `check`: only compares; changes no file
 * @returns {Promise<boolean>} whether the tables were up to date.
 */
export async function renewDocument({ check = false } = {}) {
  const before = readFileSync(DOCUMENT, "utf8");
  const after = await renewTables(before, JSON.parse(readFileSync(INDEX, "utf8")));
  const isSame = before === after;
  if (!check) writeFileSync(DOCUMENT, after);
  const state = isSame ? "up to date" : check ? "OUT OF DATE" : "renewed";
  console.log(`the tables of the released models in docs/benchmarks.md: ${state}`);
  return isSame;
}

if (import.meta.filename === process.argv[1]) {
  const check = process.argv.includes("--check");
  if (!(await renewDocument({ check })) && check) process.exitCode = 1;
}
