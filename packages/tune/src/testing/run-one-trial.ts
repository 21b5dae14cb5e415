/* Runs one trial, as JSON on the command line, and writes its outcome. Prints each epoch. */
import { runTrial } from "../trial/run-trial.ts";
import type { TrialOrder } from "../trial/trial-messages.ts";

const { pruneAt, ...order } = JSON.parse(process.argv[2] ?? "") as TrialOrder & {
  pruneAt?: number;
};
const outcome = await runTrial(order, {
  signal: new AbortController().signal,
  report: (epoch, value) => {
    process.stdout.write(`epoch ${epoch} ${value}\n`);
    return Promise.resolve(epoch === pruneAt);
  },
});
process.stdout.write(`${JSON.stringify(outcome)}\n`);
