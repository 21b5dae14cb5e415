// Runs the table of commands and stores the files and the printed text of each.
import { spawn } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { FIRST, MEASUREMENTS, STEPS } from "./commands.mjs";
import { findCommand, readTargets, ROOT } from "./workspace.mjs";

/** @typedef {import("./commands.mjs").Step} Step */
/** @typedef {import("./workspace.mjs").Target} Target */

/** Files and folders that the commands need in the folder where they run. */
const LINKS = ["node_modules", "packages", "tools", "datasets", ".venv", "tsconfig.json"];
/** Folders that are copied, so that no command can change the repository's. */
const COPIES = ["artifacts/release"];
/** A step that takes longer is ended, in ms. */
const LIMIT = 240_000;
const HELP_LANES = 2;

/**
 * @typedef {object} Outcome what `steps.json` says about each step.
 * @property {string} name
 * @property {string} command
 * @property {number | string} code exit code, or the reason why the step did not run.
 * @property {Step["compare"]} compare
 * @property {string[]} ignore
 * @property {number} seconds
 */

/**
 * @param {string} out the folder to write; its earlier content is deleted.
 * @returns {Promise<boolean>} whether every command ended with the exit code in the table.
 */
export async function runAll(out) {
  const folder = path.resolve(out);
  if (existsSync(folder) && !existsSync(path.join(folder, "steps.json"))) {
    if (readdirSync(folder).length > 0) {
      throw new Error(`${folder} holds files other than outputs; choose a new folder`);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // The outcomes are added when all steps are done.
  writeFileSync(path.join(folder, "steps.json"), "{}");
  const started = performance.now();
  const targets = readTargets();
  const work = path.join(folder, "work");
  const measuring = path.join(folder, "measuring");
  prepare(work);
  await buildPage(targets);
  const first = await runSteps(FIRST, { folder, work, targets });
  prepare(measuring);
  for (const name of ["data", "runs", "models", "recordings"]) {
    cpSync(path.join(work, name), path.join(measuring, name), { recursive: true });
  }
  const rest = await Promise.all([
    runSteps(STEPS, { folder, work, targets }),
    runSteps(MEASUREMENTS, { folder, work: measuring, targets }).then(async (outcomes) => [
      ...outcomes,
      ...(await runHelp({ folder, work: measuring, targets })),
    ]),
  ]);
  const outcomes = [...first, ...rest.flat()];
  for (const place of [work, measuring]) rmSync(place, { recursive: true, force: true });
  const record = { root: ROOT, folder, outcomes };
  writeFileSync(path.join(folder, "steps.json"), JSON.stringify(record, null, 2));
  const expected = new Map([...FIRST, ...STEPS, ...MEASUREMENTS].map((step) => [step.name, step]));
  const wrong = outcomes.filter(
    ({ name, code }) => typeof code === "number" && code !== (expected.get(name)?.exit ?? 0),
  );
  for (const { name, code } of wrong) {
    console.log(`UNEXPECTED: ${name} ended with ${code}; see ${folder}/${name}/printed.txt`);
  }
  for (const { name, code } of outcomes) {
    if (typeof code === "string") console.log(`skipped: ${name}: ${code}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${outcomes.length} commands in ${seconds} s; their outputs are in ${folder}`);
  return wrong.length === 0;
}

/** @param {string} work the working folder to make. */
function prepare(work) {
  mkdirSync(path.join(work, "artifacts"), { recursive: true });
  for (const name of LINKS) {
    const file = path.join(ROOT, name);
    if (existsSync(file)) symlinkSync(file, path.join(work, name));
  }
  for (const name of COPIES) {
    cpSync(path.join(ROOT, name), path.join(work, name), { recursive: true });
  }
}

/**
 * Runs the targets on which the live page's targets depend.
 *
 * @param {Map<string, Target>} targets
 */
async function buildPage(targets) {
  const needed = new Set(
    [...targets.values()].flatMap(({ project, words, dependsOn }) =>
      words.includes("node") ? dependsOn.map((name) => `${project}:${name}`) : [],
    ),
  );
  for (const name of needed) {
    const { words } = findCommand(targets, name) ?? {};
    if (words === undefined) continue;
    const { code, printed } = await start(words, { cwd: ROOT });
    if (code !== 0) throw new Error(`${name} failed:\n${printed}`);
  }
}

/**
 * @typedef {object} Place
 * @property {string} folder of all outputs.
 * @property {string} work the working folder.
 * @property {Map<string, Target>} targets
 */

/** @param {readonly Step[]} steps @param {Place} place @returns {Promise<Outcome[]>} */
async function runSteps(steps, place) {
  const outcomes = [];
  let before = snapshot(place.work);
  for (const step of steps) {
    outcomes.push(await runStep(step, place));
    const after = snapshot(place.work);
    for (const [file, state] of after) {
      if (before.get(file) === state) continue;
      const stored = path.join(place.folder, step.name, "files", file);
      mkdirSync(path.dirname(stored), { recursive: true });
      // For a measurement, only the names of files that are not JSON are compared.
      if (step.compare === "keys" && !file.endsWith(".json")) writeFileSync(stored, "");
      else copyFileSync(path.join(place.work, file), stored);
    }
    before = after;
  }
  return outcomes;
}

/** @param {Step} step @param {Place} place @returns {Promise<Outcome>} */
async function runStep(step, { folder, work, targets }) {
  const { name, args = [], json = true, env, before, use, compare = "values", ignore = [] } = step;
  const store = path.join(folder, name);
  mkdirSync(store, { recursive: true });
  const outcome = { name, command: "", compare, ignore, seconds: 0 };
  const reason = step.skip?.();
  if (reason !== undefined) return { ...outcome, code: reason };
  const candidates = step.run.flatMap(([target = "", ...more]) => {
    const found = findCommand(targets, target);
    return found ? [[...found.words, ...more, ...args]] : [];
  });
  const [words] = candidates;
  if (words === undefined) return { ...outcome, code: `${step.run[0]?.[0]} does not exist` };
  await before?.(work);
  const started = performance.now();
  const all = [...words, ...(json ? ["--json", `${name}.json`] : [])];
  const { code, printed } = await start(all, { cwd: work, env, use });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  writeFileSync(path.join(store, "printed.txt"), printed);
  console.log(`${name.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s  exit code ${code}`);
  return { ...outcome, command: all.join(" "), code, seconds };
}

/**
 * The help of every command that a target runs.
 *
 * @param {Place} place
 * @returns {Promise<Outcome[]>}
 */
async function runHelp({ folder, work, targets }) {
  const queue = [...targets.values()].filter(({ words }) =>
    /\/bin\.[jt]s$/.test(words.at(-2) ?? ""),
  );
  /** @type {Outcome[]} */
  const outcomes = [];
  const lane = async () => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      const name = `help-${target.name}-${target.project}`;
      const { code, printed } = await start([...target.words, "--help"], { cwd: work });
      mkdirSync(path.join(folder, name), { recursive: true });
      writeFileSync(path.join(folder, name, "printed.txt"), printed);
      const command = [...target.words, "--help"].join(" ");
      outcomes.push({ name, command, code, compare: "flags", ignore: [], seconds: 0 });
    }
  };
  await Promise.all(Array.from({ length: HELP_LANES }, lane));
  return outcomes.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Runs a program to its end.
 *
 * @param {readonly string[]} words
 * @param {{ cwd: string, env?: Record<string, string> | undefined, use?: Step["use"] }} options
 *   with `use`, waits until an address is printed, calls `use` with it, and interrupts the program.
 * @returns {Promise<{ code: number, printed: string }>} -1 as the code of a program that was killed.
 */
async function start([program = "", ...args], { cwd, env, use }) {
  const child = spawn(
    program === "node" ? process.execPath : path.resolve(cwd, binary(program)),
    args,
    {
      cwd,
      env: {
        ...process.env,
        ...{ NO_COLOR: "1", FORCE_COLOR: undefined, COLUMNS: "100", MIEN_DEBUG: undefined },
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const timer = globalThis.setTimeout(() => child.kill("SIGKILL"), LIMIT);
  let printed = "";
  /** @type {Promise<void> | undefined} */
  let using;
  const listen = (/** @type {string} */ text) => {
    printed += text;
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    if (use === undefined || using !== undefined || origin === undefined) return;
    using = use({ origin, work: cwd }).finally(() => child.kill("SIGINT"));
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", listen);
  /** @type {number | null} */
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  globalThis.clearTimeout(timer);
  await using;
  return { code: code ?? -1, printed };
}

/** @param {string} program @returns {string} */
function binary(program) {
  return path.join(ROOT, "node_modules/.bin", program);
}

/**
 * @param {string} work
 * @returns {Map<string, string>} for every file that is not a link: its path, and a text that
 *   changes when the file is written.
 */
function snapshot(work) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const visit = (/** @type {string} */ folder) => {
    for (const entry of readdirSync(path.join(work, folder), { withFileTypes: true })) {
      const file = path.posix.join(folder, entry.name);
      if (COPIES.includes(file)) continue;
      if (entry.isDirectory()) visit(file);
      else if (entry.isFile()) {
        const { mtimeMs, size, ino } = statSync(path.join(work, file));
        found.set(file, `${mtimeMs} ${size} ${ino}`);
      }
    }
  };
  visit("");
  return found;
}
