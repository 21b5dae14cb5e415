import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  alternate,
  benchmarkTable,
  describeEnvironment,
  sayEnvironment,
  stopIfAborted,
  summariseTurns,
  type Turn,
} from "@mien/bench";
import { defineCommand } from "@mien/cli";
import {
  bridgeContender,
  plainContender,
  sleepContender,
  type StudyTurn,
} from "../benchmark/search-overhead.ts";
import { loadSpace } from "../search-space.ts";

/** Number of trials of the study whose trials only sleep. */
const SLEEPING_TRIALS = 20;
/** Duration of a sleeping trial, in milliseconds. */
const SLEEP = 500;
const SEED = 1;

export const benchmarkCommand = defineCommand({
  name: "benchmark",
  summary: "Measure how much time a search adds to Optuna, and how much a second worker saves",
  details:
    "Maximises a test function over the space study-case, once with mien's search and once with Optuna alone in Python, each with a journal and the same seed. " +
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
    const environment = describeEnvironment(import.meta.url, []);
    const bar = terminal.progress("study", 4);
    let done = 0;
    const options = {
      amount: { rounds: 1 },
      warmUpCalls: 0,
      signal,
      onProgress: (_share: number, name: string) => bar.update(++done, name),
    };
    const secondsOf = (turns: readonly Turn[]) => summariseTurns(turns).median / 1000;
    const resultOf = (turns: readonly StudyTurn[]) => ({
      seconds: secondsOf(turns),
      best: turns[0]?.best ?? NaN,
    });
    try {
      const plainQuick = { ...quick("plain", trials), journal: path.join(folder, "plain.log") };
      const [bridgeTurns, plainTurns] = await alternate(
        [bridgeContender(quick("bridge", trials), signal), plainContender(plainQuick, signal)],
        options,
      );
      const [bridge, plain] = [resultOf(bridgeTurns), resultOf(plainTurns)];
      const sleeping = { milliseconds: SLEEP, signal };
      const [oneTurns, twoTurns] = await alternate(
        [
          sleepContender(quick("one", SLEEPING_TRIALS), { ...sleeping, workers: 1 }),
          sleepContender(quick("two", SLEEPING_TRIALS), { ...sleeping, workers: 2 }),
        ],
        options,
      );
      const [one, two] = [secondsOf(oneTurns), secondsOf(twoTurns)];
      // A study that was interrupted ends without an error.
      stopIfAborted(signal);
      bar.stop();
      const perTrial = (seconds: number) => (1000 * seconds) / trials;
      const overhead = perTrial(bridge.seconds) - perTrial(plain.seconds);
      sayEnvironment(terminal, environment);
      benchmarkTable(
        terminal,
        [
          { name: "Optuna in Python", ...plain },
          { name: "mien's search", ...bridge },
        ],
        [
          [`${trials} trials of a test function`, ({ name }) => name],
          ["ms per trial", ({ seconds }) => perTrial(seconds).toFixed(2)],
          ["best value", ({ best }) => best.toFixed(9)],
        ],
      );
      terminal.say(
        `mien's search adds ${overhead.toFixed(2)} ms per trial; the best values are ${bridge.best === plain.best ? "equal" : "NOT EQUAL"}`,
      );
      benchmarkTable(
        terminal,
        [
          { name: "one worker", seconds: one },
          { name: "two workers", seconds: two },
        ],
        [
          [`${SLEEPING_TRIALS} trials that sleep ${SLEEP} ms`, ({ name }) => name],
          ["seconds", ({ seconds }) => seconds.toFixed(1)],
        ],
      );
      terminal.say(`two workers take ${(two / one).toFixed(2)} times as long as one`);
      return {
        ...environment,
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
