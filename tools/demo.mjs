// The whole pipeline on the built-in data set, as a person would type it: one line per step, then a
// table and what to type next. Every step is an ordinary command; its output is in the log.
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";

const FOLDER = "artifacts/demo";
const CSV = `${FOLDER}/synth.csv`;
const LOG = `${FOLDER}/demo.log`;
const FACES_PER_CLASS = 3;

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** Each step: its name, its command given the results so far, and its own result in a few words. */
const steps = [
  {
    name: "synth",
    command: () => ["data:synth", "--out", FOLDER],
    result: ({ count }) => `${count} drawn faces in ${CSV}`,
  },
  {
    name: "explore",
    command: () => ["data:explore", "--csv", CSV, "--out", `${FOLDER}/explore`],
    result: ({ folder }) => `report with plots: ${folder}/index.html`,
  },
  {
    name: "fit",
    command: () => ["train:fit", "--csv", CSV, "--out", "artifacts/runs/demo", "--epochs", "12"],
    result: ({ metrics }) => `${percent(metrics.validation.accuracy)} right on PublicTest`,
  },
  {
    name: "tune",
    // A study of an earlier version, begun with other settings, would be refused.
    before: () => rm("artifacts/tune/demo", { recursive: true, force: true }),
    command: () => [
      "tune:search",
      ...["--csv", CSV, "--study", "demo"],
      ...["--trials", "4", "--epochs", "2", "--subset", "0.2"],
    ],
    result: ({ counts, bestFile }) =>
      `${counts.complete + counts.pruned} trials of two short epochs; the best settings: ${bestFile}`,
  },
  {
    name: "export",
    command: ({ fit }) => ["export:onnx", fit.run],
    result: ({ model, bytes }) => `${model}, ${(bytes / 1e6).toFixed(1)} MB`,
  },
  {
    name: "verify",
    command: ({ fit }) => ["export:verify", fit.run, "--csv", CSV],
    result: ({ maxDifference }) =>
      `same answers, largest difference ${maxDifference.toExponential(1)}`,
  },
  {
    name: "benchmark",
    command: ({ fit }) => ["export:benchmark", fit.run, "--seconds", "1"],
    result: ({ speedup }) => `${speedup.toFixed(1)}× faster a face than tfjs-node's predict`,
  },
  {
    name: "recognise",
    before: writeFaces,
    command: ({ export: { model } }) => [
      "app:analyze",
      "--source",
      `${FOLDER}/faces`,
      "--cropped",
      "--model",
      model,
      "--out",
      `${FOLDER}/analyze`,
    ],
    result: async ({ results }) => {
      const lines = (await readFile(results, "utf8")).trim().split("\n").slice(1);
      const frames = lines.map((line) => JSON.parse(line));
      const right = frames.filter((f) => path.basename(f.source).startsWith(f.faces[0].expression));
      return `${right.length} of ${frames.length} unseen faces read as they were drawn`;
    },
  },
];

/** A few PrivateTest rows of the CSV as PNG files, named after their expression. */
async function writeFaces() {
  const { default: sharp } = await import("sharp");
  const { classes } = JSON.parse(await readFile(`${FOLDER}/synth.manifest.json`, "utf8"));
  await rm(`${FOLDER}/faces`, { recursive: true, force: true });
  await mkdir(`${FOLDER}/faces`, { recursive: true });
  const written = new Map();
  for await (const line of createInterface({ input: createReadStream(CSV) })) {
    const [label, pixels, usage] = line.split(",");
    const count = written.get(label) ?? 0;
    if (usage !== "PrivateTest" || count === FACES_PER_CLASS) continue;
    written.set(label, count + 1);
    await sharp(Uint8Array.from(pixels.split(" "), Number), {
      raw: { width: 48, height: 48, channels: 1 },
    }).toFile(`${FOLDER}/faces/${classes[label]}-${count + 1}.png`);
  }
}

/** Runs one nx target to its end; resolves to its JSON result, rejects with what it printed. */
async function run(command) {
  const json = path.join(FOLDER, `${command[0].replace(":", "-")}.json`);
  await rm(json, { force: true });
  const child = spawn(
    process.execPath,
    ["node_modules/nx/dist/bin/nx.js", "run", ...command, "--json", json],
    {
      env: { ...process.env, NX_DAEMON: "false" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on("close", resolve));
  await appendFile(LOG, output);
  if (code !== 0) throw new Error(output.trim());
  return JSON.parse(await readFile(json, "utf8"));
}

const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

await mkdir(FOLDER, { recursive: true });
await writeFile(LOG, "");
console.log("\nmien's pipeline on drawn faces; the full output goes to " + LOG + "\n");
const begun = performance.now();
const results = {};
for (const step of steps) {
  const start = performance.now();
  process.stdout.write(`${step.name.padEnd(10)} `);
  const command = step.command(results);
  try {
    await step.before?.();
    results[step.name] = await run(command);
  } catch (error) {
    console.log(
      `failed after ${seconds(start)}\n\n${error.message}\n\nTo repeat the step: npx nx run ${command.join(" ")}`,
    );
    process.exit(1);
  }
  console.log(`${seconds(start).padStart(7)}  ${await step.result(results[step.name])}`);
}

const { fit, export: exported, verify, benchmark, explore } = results;
const [low, high] = fit.metrics.validation.accuracyInterval;
const rows = [
  [
    "accuracy on PublicTest",
    `${percent(fit.metrics.validation.accuracy)} (95 % interval ${percent(low)} to ${percent(high)})`,
  ],
  [
    "parity with tfjs",
    `${verify.maxDifference.toExponential(1)} at most, ${verify.agreement === 1 ? "every" : "NOT every"} answer equal`,
  ],
  ["speed-up at batch 1", `${benchmark.speedup.toFixed(1)}× over tfjs-node's predict`],
  ["report", `${explore.folder}/index.html`],
  ["trained model", fit.run],
  ["exported model", exported.model],
  ["results", `${FOLDER}/analyze/results.jsonl`],
];
console.log(`\ndone in ${seconds(begun)}\n`);
const width = Math.max(...rows.map(([name]) => name.length));
for (const [name, value] of rows) console.log(`  ${name.padEnd(width)}  ${value}`);
console.log(`
What next:
  FER2013   put fer2013.csv (or .csv.gz) into datasets/fer2013/ (its README says where to get it), then
            npx nx run data:explore
            npx nx run train:fit
  a photo   npx nx run app:analyze --source photo.jpg
  a camera  npx nx run app:live
            npx nx run app:doctor    says what works on this machine
`);
