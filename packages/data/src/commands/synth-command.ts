import { createHash } from "node:crypto";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import {
  codeVersion,
  type CommandContext,
  defineCommand,
  FOLDERS,
  formatSeconds,
  freshness,
  outOption,
  readJson,
  recordMadeFrom,
  shellQuote,
  writeFileAtomic,
} from "@mien/cli";
import { writeManifest } from "../manifest/croissant.ts";
import { MienError, type DatasetManifest, type ImageSet } from "@mien/format";

const CSV = "synth.csv";
const MANIFEST = "synth.manifest.json";
const RECORD = "synth.made-from.json";

/** `data:synth`: draws the built-in data set and writes it as a CSV. */
export const synthCommand = defineCommand({
  name: "synth",
  summary: "Draw a data set of synthetic faces",
  details:
    `Writes ${CSV} in the layout of FER2013, and ${MANIFEST} beside it. The same count and seed give the same bytes. ` +
    "Use it in place of real data in trials and tests; a model trained on it recognises drawings only.",
  examples: [
    "npx nx run data:synth",
    "npx nx run data:synth --count 700 --seed 2 --out artifacts/data/second",
  ],
  options: {
    out: { ...outOption("Folder of the data set"), default: FOLDERS.data },
    count: {
      type: "integer",
      description: "Number of images",
      unit: "images",
      default: 2100,
      min: 70,
      max: 50_000,
    },
    seed: {
      type: "integer",
      unit: null,
      description: "Random seed of the drawings",
      default: 1,
      min: 0,
    },
  },
  run: async ({ out, count, seed }, { terminal, signal }) => {
    const csv = path.join(out, CSV);
    const record = path.join(out, RECORD);
    const code = await codeVersion([path.join(import.meta.dirname, "../synth")]);
    const inputs = { count, seed };
    const result = { csv, manifest: path.join(out, MANIFEST), count, seed };
    const next = () =>
      terminal.next(`npx nx run data:explore --csv ${shellQuote(csv)}`, "to see what is in it");
    if ((await freshness(record, inputs, code)) === "current") {
      terminal.say(`up to date: ${csv} (${count} images, seed ${seed})`);
      next();
      const { file } = (await readJson(result.manifest)) as DatasetManifest;
      return { ...result, sha256: file?.sha256, upToDate: true };
    }
    const start = performance.now();
    const set = await draw({ count, seed }, { terminal, signal });
    const { encodeCsv } = await import("../csv/write-csv.ts");
    const parts = encodeCsv(set);
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    const sha256 = hash.digest("hex");
    const manifest: DatasetManifest = {
      name: "synth",
      classes: set.classes,
      image: { height: set.height, width: set.width, channels: set.channels },
      file: { name: CSV, sha256, rows: count },
      licence: "MIT, as mien itself: every image is drawn by its code",
      source: `npx nx run data:synth --count ${count} --seed ${seed}`,
    };
    await writeFileAtomic(csv, parts);
    const croissant = await writeManifest(result.manifest, manifest);
    await recordMadeFrom(record, {
      inputs,
      code,
      outputs: [CSV, MANIFEST, path.basename(croissant)],
    });

    const { COUNT_HEAD, countClasses, countRows } = await import("../set/counts.ts");
    const counts = countClasses(set);
    const seconds = (performance.now() - start) / 1000;
    terminal.say(`drew ${count} faces, ${set.width}×${set.height}, in ${formatSeconds(seconds)}`);
    terminal.table(COUNT_HEAD, countRows(set.classes, counts));
    terminal.wrote(csv);
    terminal.wrote(result.manifest);
    terminal.wrote(croissant);
    next();
    return { ...result, sha256, upToDate: false };
  },
});

async function draw(
  options: { count: number; seed: number },
  { terminal, signal }: Pick<CommandContext, "terminal" | "signal">,
): Promise<ImageSet> {
  const { synthesizeInSteps } = await import("../synth/synthesize.ts");
  const progress = terminal.progress("drawing", options.count);
  try {
    const steps = synthesizeInSteps(options);
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value;
      progress.update(step.value);
      await setImmediate();
      if (signal.aborted) throw new MienError("interrupted", "drawing; nothing was written");
    }
  } finally {
    progress.stop();
  }
}
