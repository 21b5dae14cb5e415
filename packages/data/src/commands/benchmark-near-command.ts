import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  alternate,
  benchmarkTable,
  describeEnvironment,
  formatFactor,
  sayEnvironment,
  stopIfAborted,
  summarise,
  type OpenContender,
  type Summary,
} from "@mien/bench";
import { csvOption, defineCommand, formatPercent, writeFileAtomic } from "@mien/cli";
import { imageCount } from "@mien/format";
import type { SearchTurn } from "../benchmark/near-contenders.ts";
import type { Change, ChangedSet } from "../benchmark/changed-copies.ts";

/** Lower limits: share of the copies found, and times as fast as the fastest other program. */
const LIMITS = { recall: 0.95, times: 5 };

/** What one program found. */
interface ProgramFigures {
  readonly program: string;
  readonly seconds: Summary;
  /** Median time to decode the files, which is part of `seconds`. */
  readonly readingSeconds: number;
  /** Median time without decoding, divided by that of mien. */
  readonly times: number;
  /** Number of pairs reported, without those of a planted copy. */
  readonly pairs: number;
  /** Share of all planted copies found, 0–1. */
  readonly recall: number;
  readonly recallByChange: Readonly<Record<Change, number>>;
}

/** `data:benchmark-near`: measures the search for near-copies. */
export const benchmarkNearCommand = defineCommand({
  name: "benchmark-near",
  summary: "Measure how many near-copies are found, and how fast",
  details:
    "Adds changed copies of images to a data set (mirrored, moved, scaled, re-lit, compressed as JPEG, and combinations), and lets mien, cleanvision and fastdup search it for near-copies with their default settings. The programs alternate. " +
    "For mien, the input is one file with the pixels, as its cache is. For the others, it is a folder of PNG files, and the time to decode these is subtracted from theirs. Recall is the share of the added copies that are found.\n" +
    "The other programs are installed from PyPI into the cache folder the first time; --no-peers measures mien alone.",
  examples: [
    "npx nx run data:benchmark-near",
    "npx nx run data:benchmark-near --no-peers --rounds 1 --sheets /tmp/pairs",
  ],
  options: {
    csv: csvOption,
    rounds: {
      type: "integer",
      description: "Searches of each program",
      unit: "rounds",
      default: 3,
      min: 1,
      max: 100,
    },
    copies: {
      type: "integer",
      description: "Copies to add for each kind of change and each seed",
      unit: "images",
      default: 100,
      min: 1,
      max: 10_000,
    },
    seeds: {
      type: "integer",
      description: "Number of seeds, each of which chooses other images and changes",
      unit: "seeds",
      default: 3,
      min: 1,
      max: 100,
    },
    seed: {
      type: "integer",
      description: "The first seed",
      unit: null,
      default: 101,
      min: 0,
    },
    peers: {
      type: "boolean",
      description: "Compare with cleanvision and fastdup",
      default: true,
    },
    sheets: {
      type: "string",
      placeholder: "DIR",
      description: "Draw 100 random pairs that mien reports into this folder, to be judged by eye",
    },
  },
  run: async ({ csv, rounds, copies, seeds, seed, peers, sheets }, { terminal, signal }) => {
    const { loadWithProgress } = await import("../set/load-with-progress.ts");
    const { locateDataset } = await import("../set/locate-dataset.ts");
    const { addChangedCopies } = await import("../benchmark/changed-copies.ts");
    const { ownSearch, peerSearches } = await import("../benchmark/near-contenders.ts");
    const { writeImageFiles } = await import("../benchmark/image-files.ts");
    const source = await locateDataset(csv, { terminal, signal });
    const { set } = await loadWithProgress({ csv: source, skipBadRows: false, signal }, terminal);
    const allSeeds = Array.from({ length: seeds }, (_, i) => seed + i);
    const changed = await addChangedCopies(set, { perChange: copies, seeds: allSeeds });
    const folder = await mkdtemp(path.join(tmpdir(), "mien-near-"));
    const { height, width, channels } = changed.set;
    const task = { file: path.join(folder, "pixels.bin"), height, width, channels };
    const images = path.join(folder, "images");
    const contenders: OpenContender<SearchTurn>[] = [ownSearch(task, signal)];
    const progress = terminal.progress("searching", 100);
    try {
      await writeFile(task.file, changed.set.pixels);
      if (peers) {
        contenders.push(...(await peerSearches(images, { terminal, signal })));
        await mkdir(images);
        await writeImageFiles(changed.set, images, signal);
      }
      const turns = await alternate(contenders, {
        amount: { rounds },
        warmUpCalls: 0,
        signal,
        onProgress: (share, name) => progress.update(Math.round(100 * share), name),
      });
      progress.stop();
      const figures = contenders.map(({ name }, i) =>
        figuresOf(name, { turns: turns[i] ?? [], own: turns[0] ?? [], changed }),
      );
      const environment = describeEnvironment(import.meta.url, ["sharp"]);
      const added = changed.copies.length;
      terminal.say(
        `${source}, ${imageCount(set)} images and ${added} added copies (seeds ${allSeeds.join(", ")}), ${rounds} rounds`,
      );
      sayEnvironment(terminal, environment);
      report(figures);
      const last = turns[0]?.at(-1)?.pairs ?? [];
      if (sheets !== undefined) await drawSheets(last);
      return { ...environment, source, rounds, seeds: allSeeds, added, limits: LIMITS, figures };
    } catch (error) {
      stopIfAborted(signal);
      throw error;
    } finally {
      progress.stop();
      for (const contender of contenders) await contender.close();
      await rm(folder, { recursive: true, force: true });
    }

    function report(figures: readonly ProgramFigures[]) {
      benchmarkTable(terminal, figures, [
        ["program", ({ program }) => program],
        ["median", ({ seconds }) => `${seconds.median.toFixed(1)} s`],
        ["from", ({ seconds }) => `${seconds.min.toFixed(1)} s`],
        ["to", ({ seconds }) => `${seconds.max.toFixed(1)} s`],
        ["decoding", ({ readingSeconds }) => `${readingSeconds.toFixed(1)} s`],
        ["× mien", ({ times }) => formatFactor(times, 1)],
        ["pairs in the set", ({ pairs }) => pairs],
        ["recall", ({ recall }) => formatPercent(recall, 1)],
      ]);
      const changes = Object.keys(figures[0]?.recallByChange ?? {}) as Change[];
      benchmarkTable(terminal, changes, [
        ["recall by change", (change) => change],
        ...figures.map(
          ({ program, recallByChange }) =>
            [program, (change: Change) => formatPercent(recallByChange[change], 1)] as const,
        ),
      ]);
      const [own, ...others] = figures;
      if (own === undefined) return;
      const mark = (isKept: boolean) => (isKept ? "✓" : "✗");
      terminal.say(
        `${mark(own.recall >= LIMITS.recall)} mien finds ${formatPercent(own.recall, 1)} of the copies (limit ${formatPercent(LIMITS.recall, 0)})`,
      );
      if (others.length === 0) return;
      const fastest = others.reduce((a, b) => (b.times < a.times ? b : a));
      terminal.say(
        `${mark(fastest.times >= LIMITS.times && own.recall > fastest.recall)} it is ${formatFactor(fastest.times, 1)} as fast as ${fastest.program} (limit ${LIMITS.times}), whose recall is ${formatPercent(fastest.recall, 1)}`,
      );
    }

    async function drawSheets(pairs: SearchTurn["pairs"]) {
      const { drawPairSheets } = await import("../benchmark/pair-sheets.ts");
      const given = pairs.filter((pair) => pair.every((image) => image < imageCount(set)));
      for (const { name, png } of drawPairSheets(set, given, seed)) {
        const file = path.join(sheets ?? ".", name);
        await writeFileAtomic(file, png);
        terminal.wrote(file);
      }
    }
  },
});

const keyOf = (a: number, b: number) => (a < b ? `${a} ${b}` : `${b} ${a}`);

function figuresOf(
  program: string,
  given: {
    readonly turns: readonly SearchTurn[];
    readonly own: readonly SearchTurn[];
    readonly changed: ChangedSet;
  },
): ProgramFigures {
  const { turns, own, changed } = given;
  const secondsOf = (all: readonly SearchTurn[]) =>
    summarise(all.flatMap(({ durations }) => durations.map((ms) => ms / 1000)));
  const seconds = secondsOf(turns);
  const secondsWithout = (all: readonly SearchTurn[]) =>
    summarise(all.flatMap(({ durations, readingMs }) => durations.map((ms) => (ms - readingMs) / 1000))).median; // prettier-ignore
  const pairs = turns.at(-1)?.pairs ?? [];
  const found = new Set(pairs.map(([a, b]) => keyOf(a, b)));
  const recallOf = (copies: ChangedSet["copies"]) =>
    copies.filter(({ a, b }) => found.has(keyOf(a, b))).length / copies.length;
  const first = Math.min(...changed.copies.map(({ b }) => b));
  const changes = [...new Set(changed.copies.map(({ change }) => change))];
  return {
    program,
    seconds,
    readingSeconds: summarise(turns.map(({ readingMs }) => readingMs / 1000)).median,
    times: secondsWithout(turns) / secondsWithout(own),
    pairs: new Set(pairs.filter(([a, b]) => a < first && b < first).map(([a, b]) => keyOf(a, b)))
      .size,
    recall: recallOf(changed.copies),
    recallByChange: Object.fromEntries(
      changes.map((change) => [
        change,
        recallOf(changed.copies.filter((copy) => copy.change === change)),
      ]),
    ) as Record<Change, number>,
  };
}
