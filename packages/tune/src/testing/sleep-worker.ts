/*
 * A worker whose trials sleep instead of training. Arguments: the storage of the study as JSON, the
 * name of the study, the duration of a trial in milliseconds, and the number of the worker. Writes
 * a line when a trial begins and another line when it ends.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openBridge } from "../optuna/optuna-bridge.ts";
import type { StorePlace } from "../optuna/optuna-protocol.ts";
import { work } from "../trial/worker-loop.ts";

const [store, study, milliseconds, worker] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const bridge = await openBridge({ onComplaint: (line) => process.stderr.write(`${line}\n`) });
await bridge.call("create", {
  store: JSON.parse(store) as StorePlace,
  study,
  new: null,
  worker: Number(worker),
});
await work({
  bridge,
  epochs: 1,
  signal: new AbortController().signal,
  run: async ({ params, number }, { report }) => {
    const value = 1 - (params["x"] as number) ** 2;
    process.stdout.write(`begins ${number}\n`);
    await sleep(Number(milliseconds));
    await report(1, value);
    process.stdout.write(`ends ${number}\n`);
    return { state: "complete", value };
  },
});
await bridge.close();
