import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isLong, withoutPython } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openBridge } from "../optuna/optuna-bridge.ts";
import type { StorePlace } from "../optuna/optuna-protocol.ts";
import { startPostgres, withoutPostgres, type Postgres } from "../testing/postgres.ts";
import { toySettings } from "../testing/studies.ts";
import { faultsOf, runLanes, runWorkers } from "../testing/workers.ts";

// Many processes start here, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-tune-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Creates a study of sleeping trials, waits until workers have finished it, and returns its trials. */
async function finish(store: StorePlace, trials: number, run: () => Promise<void>) {
  const bridge = await openBridge();
  const settings = toySettings();
  await bridge.call("create", { store, study: null, new: { name: "toy", settings }, worker: 0 });
  await bridge.call("aim", { trials });
  await run();
  const all = await bridge.call("trials", {});
  await bridge.close();
  return { all, complete: all.filter(({ state }) => state === "complete") };
}

describe.skipIf(withoutPython("optuna"))("a study in a journal", () => {
  it("has every trial once, even if workers are killed during a trial", async () => {
    const store = { journal: path.join(folder, "journal.log") };
    const given = { store, study: "toy", workers: 2, milliseconds: 200, kills: 2 };
    const { all, complete } = await finish(store, 20, () => runWorkers(given));
    expect(faultsOf(all)).toEqual([]);
    expect(complete).toHaveLength(20);
    expect(all.filter(({ retryOf }) => retryOf !== null)).toHaveLength(2);
  });
});

describe.skipIf(withoutPython("optuna", "psycopg") || withoutPostgres())(
  "a study in PostgreSQL",
  () => {
    let postgres: Postgres;
    beforeAll(async () => {
      postgres = await startPostgres();
    });
    afterAll(() => postgres?.stop());

    const [trials, workers, kills, pause] = isLong ? [200, 8, 6, 500] : [40, 3, 2, 150];
    it(
      `has ${trials} trials once each, even if some of ${workers} workers are killed at random`,
      { timeout: 600_000 },
      async () => {
        const store = { url: postgres.url, heartbeat: 2 };
        const given = { store, study: "toy", workers, milliseconds: 50, kills, pause };
        const { all, complete } = await finish(store, trials, () => runLanes(given));
        expect(faultsOf(all)).toEqual([]);
        expect(complete).toHaveLength(trials);
        expect(all.some(({ retryOf }) => retryOf !== null)).toBe(true);
      },
    );
  },
);
