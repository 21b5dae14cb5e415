import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { counted, defineCommand } from "@mien/cli";
import { MienError, random } from "@mien/format";

/** `data:fuzz`: reads damaged CSVs and checks how they are read. */
export const fuzzCommand = defineCommand({
  name: "fuzz",
  summary: "Read damaged CSVs, and check that no row is read wrongly",
  details:
    "Makes small CSVs in all layouts, changes them at random (cut, doubled and foreign text, quotes, NUL bytes, huge numbers, mixed line ends, damaged gzip files, UTF-16) and reads them. " +
    "Each file must be read with the values that csv-parse finds, or be refused with the line of the fault, within five seconds. The first failure is printed with the file's content.",
  examples: ["npx nx run data:fuzz --files 100000", "npx nx run data:fuzz --files 2000 --seed 7"],
  options: {
    files: {
      type: "integer",
      description: "Number of files",
      unit: "files",
      default: 10_000,
      min: 1,
      max: 10_000_000,
    },
    seed: {
      type: "integer",
      unit: null,
      description: "Random seed of the changes",
      default: 1,
      min: 0,
      group: "run",
    },
  },
  run: async ({ files, seed }, { terminal, signal }) => {
    const { checkMutatedCsv } = await import("../fuzz/check-csv.ts");
    const folder = await mkdtemp(path.join(tmpdir(), "mien-fuzz-"));
    const progress = terminal.progress("reading files", files);
    const outcomes = { read: 0, refused: 0 };
    try {
      for (let i = 0; i < files; i++) {
        if (signal.aborted) throw new MienError("interrupted", `${i} files were read`);
        outcomes[await checkMutatedCsv(random(seed, i), path.join(folder, "a.csv.gz"))]++;
        progress.update(i + 1);
        if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      progress.stop();
      await rm(folder, { recursive: true, force: true });
    }
    const { read, refused } = outcomes;
    terminal.say(
      `${counted(files, "file")}: ${read} read rightly, ${refused} refused with the place of the fault; no crash, no wrong row`,
    );
    terminal.next("npx nx run data:fuzz --seed 2", "to try other files");
    return { files, seed, ...outcomes };
  },
});
