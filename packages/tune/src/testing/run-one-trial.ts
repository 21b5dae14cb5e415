/* Runs one trial and prints each epoch. The argument is a `TrialRequest` as JSON. */
import { runTrial } from "../trial/run-trial.ts";
import type { TrialRequest } from "../trial/trial-messages.ts";

await runTrial(JSON.parse(process.argv[2] ?? "") as TrialRequest, {
  signal: new AbortController().signal,
  report: (epoch, value) => {
    process.stdout.write(`epoch ${epoch} ${value}\n`);
    return Promise.resolve(false);
  },
});
