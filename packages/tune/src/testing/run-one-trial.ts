/* Runs one trial, whose order is JSON on the command line, and prints each epoch. */
import { runTrial } from "../trial/run-trial.ts";
import type { TrialOrder } from "../trial/trial-messages.ts";

await runTrial(JSON.parse(process.argv[2] ?? "") as TrialOrder, {
  signal: new AbortController().signal,
  report: (epoch, value) => {
    process.stdout.write(`epoch ${epoch} ${value}\n`);
    return Promise.resolve(false);
  },
});
