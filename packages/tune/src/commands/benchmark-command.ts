import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { defineCommand } from "@mien/cli";
import { MienError } from "@mien/format";
import { timeBridge, timePlainOptuna, timeWorkers } from "../benchmark/tune-benchmark.ts";
import { loadSpace } from "../search-space.ts";

/** Trials of the study that workers share. */
const SLEEPING_TRIALS = 20;
const SLEEP = 500;
const SEED = 1;

export const benchmarkCommand = defineCommand({
  name: "benchmark",
  summary: "Measure the overhead of a search over Optuna, and the gain by a second worker",
  details:
    "Minimises a test function over the space study-case, once by this package's search and once by Optuna alone in Python, each with a journal and the same seed. " +
    "Then runs a study whose trials only sleep, with one worker and with two.",
  examples: ["npx nx run tune:benchmark", "npx nx run tune:benchmark --trials 200"],
  options: {
    trials: {
      type: "integer",
      description: "Evaluations of the test function",
      unit: "trials",
      default: 1000,
      min: 1,
      max: 100_000,
    },
  },
  async run({ trials }, { terminal, signal }) {
    const folder = await mkdtemp(path.join(tmpdir(), "mien-tune-"));
    const space = await loadSpace("study-case");
    const quick = (name: string, count: number) => ({
      journal: path.join(folder, name, "journal.log"),
      space,
      seed: SEED,
      trials: count,
    });
    const bar = terminal.progress("study", 4);
    try {
      const bridge = await timeBridge(quick("bridge", trials), signal);
      if (signal.aborted) throw new MienError("interrupted", "the benchmark was stopped");
      bar.update(1, "Optuna alone");
      const journal = path.join(folder, "plain.log");
      const plain = await timePlainOptuna({ ...quick("plain", trials), journal }, signal);
      bar.update(2, "one worker");
      const sleeping = { milliseconds: SLEEP, signal };
      const one = await timeWorkers(quick("one", SLEEPING_TRIALS), { ...sleeping, workers: 1 });
      bar.update(3, "two workers");
      const two = await timeWorkers(quick("two", SLEEPING_TRIALS), { ...sleeping, workers: 2 });
      if (signal.aborted) throw new MienError("interrupted", "the benchmark was stopped");
      bar.stop();
      const perTrial = (seconds: number) => (1000 * seconds) / trials;
      const overhead = perTrial(bridge.seconds) - perTrial(plain.seconds);
      terminal.table(
        [`${trials} trials of a test function`, "ms a trial", "best value"],
        [
          ["Optuna in Python", perTrial(plain.seconds).toFixed(2), plain.best.toFixed(9)],
          ["behind the bridge", perTrial(bridge.seconds).toFixed(2), bridge.best.toFixed(9)],
        ],
      );
      terminal.say(
        `the bridge adds ${overhead.toFixed(2)} ms a trial; the best values are ${bridge.best === plain.best ? "equal" : "NOT EQUAL"}`,
      );
      terminal.table(
        [`${SLEEPING_TRIALS} trials that sleep ${SLEEP} ms`, "seconds"],
        [
          ["one worker", one.toFixed(1)],
          ["two workers", two.toFixed(1)],
        ],
      );
      terminal.say(`two workers take ${(two / one).toFixed(2)} of the time of one`);
      return {
        trials,
        bridge,
        plain,
        overheadMs: overhead,
        sameBest: bridge.best === plain.best,
        oneWorkerSeconds: one,
        twoWorkersSeconds: two,
        ratio: two / one,
      };
    } finally {
      bar.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
});
