/*
 * Makes the released models. Each is trained with its recipe in tools/release/NAME.json (a --config
 * file of train:fit), evaluated, and exported with 32 and with 8 bits; both files are verified and
 * written with a model card into artifacts/release. At the end, the tables of docs/benchmarks.md are
 * renewed. Finished trainings and evaluations are not repeated, so the command can be stopped at any
 * time and repeated.
 *
 *   npm run release                                 all models, evaluated on validation only
 *   npm run release -- --only fer2013               one model
 *   npm run release -- --only fer2013 --final       also evaluate on PrivateTest, once for its weights
 *   npm run release -- --only fer2013 --from RUN    release a finished run without training
 *   npm run release -- --only fer2013 --other-seeds RUN,RUN
 *                                                   show in the card how much the seed decides
 *
 * --csv FILE and --ferplus FILE name the data; default: in MIEN_DATA, else in datasets/.
 * --out DIR names another folder for the released models.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { renewDocument } from "./release/tables.mjs";

const ROOT = path.resolve(import.meta.dirname, "..");
const RECIPES = path.join(ROOT, "tools/release");
const WORK = "artifacts/release-work";

const recipes = readJson(path.join(RECIPES, "models.json"));
const options = readOptions();
mkdirSync(WORK, { recursive: true });
for (const name of options.names) await release(name);
if (path.resolve(options.out) === path.join(ROOT, "artifacts/release")) await renewDocument();

async function release(name) {
  const { description } = recipes[name];
  console.log(`\n=== ${name}\n`);
  const run = options.from ?? (await train(name));
  if (options.from !== undefined) warnUnlessMadeBy(name, run);
  await evaluate(run, name);
  const verified = [];
  for (const precision of ["fp32", "int8"]) {
    // If the 8-bit file loses too much accuracy, the model is released without it.
    const optional = precision === "int8";
    const verification = path.join(WORK, `${name}.${precision}.json`);
    const exported = path.join(WORK, `${name}.export.json`);
    // An earlier export may be of other code.
    const precise = ["--precision", precision, "--out", WORK, "--fresh", ...flag("csv")];
    await nx(["export:onnx", run, ...precise, "--json", exported]);
    const { model } = readJson(exported);
    const verify = ["export:verify", run, "--model", model, ...flag("csv")];
    if (await nx([...verify, "--json", verification], { optional })) verified.push(verification);
    else console.log(`WARNING: ${name} is released without an ${precision} file\n`);
  }
  await nx([
    ...["train:card", name, "--run", run, "--verification", verified.join(",")],
    ...["--description", description, "--out", options.out, ...flag("other-seeds")],
  ]);
}

/**
 * Trains a model with its recipe, unless that is done already; returns the folder of the run. Before
 * it, trains the model whose weights are its initial weights (`start`), or whose training it takes
 * over with another share of the votes (`weightsOf`).
 */
async function train(name) {
  const { seed, teacher, start, weightsOf } = recipes[name];
  const earlier = start ?? weightsOf;
  const source = earlier === undefined ? undefined : await train(earlier);
  const result = path.join(WORK, `${name}.fit.json`);
  const recipe = path.relative(".", path.join(RECIPES, `${name}.json`));
  if (!existsSync(recipe)) fail(`there is no recipe ${recipe} yet`);
  await nx([
    ...["train:fit", "--config", recipe, "--seed", String(seed)],
    ...["--out", `artifacts/runs/${name}-release`, "--json", result],
    ...(teacher === undefined ? [] : ["--teacher", teacher]),
    ...(source === undefined ? [] : [start === undefined ? "--weights-of" : "--start", source]),
    ...flag("csv"),
    ...flag("ferplus"),
  ]);
  return readJson(result).run;
}

/** Warns if the settings of a run differ from the recipe, which the command in the card uses. */
function warnUnlessMadeBy(name, run) {
  const { seed, teacher, weightsOf } = recipes[name];
  const { start } = recipes[weightsOf ?? name];
  const recipe = path.join(RECIPES, `${name}.json`);
  const settings = existsSync(recipe) ? Object.entries(readJson(recipe)) : [["recipe", name]];
  const config = readJson(path.join(run, "config.json"));
  const others = settings
    .filter(([key, value]) => !isDeepStrictEqual(config.hyperparameters[key], value))
    .map(([key]) => key);
  if (config.seed !== seed) others.push("seed");
  if ((config.split ?? "official") !== "official") others.push("split");
  if (config.teacher?.sha256 !== (teacher && sha256(path.join(ROOT, teacher))))
    others.push("teacher");
  if ((config.start === undefined) !== (start === undefined)) others.push("start");
  if (others.length === 0) return;
  console.log(
    `WARNING: ${run} was not made with the recipe of ${name}; these settings differ: ${others.join(", ")}.\n` +
      "The command in its card will make another model. The card lists all settings of this model.",
  );
}

/** Evaluates a run on validation and, with --final, on the test split if its weights never were. */
async function evaluate(run, name) {
  const accesses = testSetAccessesOf(run);
  const { validation, test } = readJson(path.join(run, "metrics.json"));
  const useTestSplit = options.final && accesses.length === 0;
  if (options.final && !useTestSplit) {
    const { time } = accesses[0];
    console.log(`${name} was evaluated on PrivateTest on ${time}; it is not evaluated on it again`);
  }
  // train:evaluate restores lost test metrics from the stored predictions, without a new access.
  const isLost = test === undefined && existsSync(path.join(run, "predictions-test.bin"));
  const hasVoteMetrics = validation.byVotes !== undefined || !haveVotes();
  if (validation.averaged !== undefined && hasVoteMetrics && !isLost && !useTestSplit) {
    console.log(`${run} is evaluated already`);
    return;
  }
  await nx([
    "train:evaluate",
    run,
    ...(useTestSplit ? ["--final"] : []),
    ...flag("csv"),
    ...flag("ferplus"),
  ]);
}

/** The test-set accesses of a run's present weights: in its folder, and of its released models. */
function testSetAccessesOf(run) {
  const weights = sha256(path.join(run, "model/weights.bin"));
  const file = path.join(run, "openings.jsonl");
  const index = path.join(options.out, "index.json");
  const here = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const released = existsSync(index) ? Object.values(readJson(index).models) : [];
  return [...here.map((line) => JSON.parse(line)), ...released.flatMap((model) => model.openings)]
    .filter((access) => access.weights === weights)
    .sort((a, b) => (a.time < b.time ? -1 : 1));
}

/** Whether FER+ votes are found; searches the same folders as `locateVotes` in the data package. */
function haveVotes() {
  if (options.ferplus !== undefined) return true;
  const known = existsSync("datasets") ? readdirSync("datasets") : [];
  const folders = [
    ...(options.csv === undefined ? [] : [path.dirname(options.csv)]),
    ...(process.env.MIEN_DATA ? [process.env.MIEN_DATA] : []),
    ...known.map((name) => path.join("datasets", name)),
  ];
  const names = ["ferplus.csv", "fer2013new.csv"].flatMap((name) => [name, `${name}.gz`]);
  return folders.some((folder) => names.some((name) => existsSync(path.join(folder, name))));
}

function sha256(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Runs a command, prints it as a user would type it, and ends this process if the command fails. */
async function nx([target, ...flags], { optional = false } = {}) {
  console.log(`$ npx nx run ${[target, ...flags].map(quote).join(" ")}`);
  const [project, command] = target.split(":");
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx")];
  const program = path.join(ROOT, "packages", project, "src/bin.ts");
  const argv = [...node, program, command, ...flags];
  const child = spawn(process.execPath, argv, { stdio: "inherit" });
  // Ctrl-C reaches the command too. It stops at a safe point, until which this process waits.
  const wait = () => undefined;
  process.on("SIGINT", wait);
  const code = await new Promise((resolve) => child.on("close", resolve));
  process.off("SIGINT", wait);
  console.log();
  if (code === 0) return true;
  if (optional && code === 1) return false;
  console.error("not released. Repeat the command to continue; finished steps are kept.");
  process.exit(code ?? 1);
}

function quote(word) {
  return /^[\w./:=,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function flag(name) {
  return options[name] === undefined ? [] : [`--${name}`, options[name]];
}

function readOptions() {
  const text = { type: "string" };
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        only: text,
        from: text,
        csv: text,
        ferplus: text,
        "other-seeds": text,
        out: { type: "string", default: "artifacts/release" },
        final: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    fail(error.message);
  }
  // A recipe without a description is a first stage of another model, and is not released.
  const known = Object.keys(recipes).filter((name) => recipes[name].description !== undefined);
  if (values.help) {
    const text = readFileSync(import.meta.filename, "utf8");
    console.log(
      text
        .slice(3, text.indexOf("*/"))
        .replace(/^ \* ?/gm, "")
        .trim(),
    );
    console.log(`\nmodels: ${known.join(", ")}`);
    process.exit(0);
  }
  const names = values.only?.split(",") ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(`no model "${unknown}"; there are ${known.join(", ")}`);
  for (const name of ["from", "other-seeds"]) {
    if (values[name] !== undefined && names.length !== 1)
      fail(`--${name} needs --only with one name`);
  }
  if (values.from !== undefined && !existsSync(path.join(values.from, "metrics.json"))) {
    fail(`--from must name the folder of a finished run, found none at ${values.from}`);
  }
  return { ...values, names };
}

function fail(problem) {
  console.error(`error: ${problem}\nnpm run release -- --help shows all flags.`);
  process.exit(2);
}
