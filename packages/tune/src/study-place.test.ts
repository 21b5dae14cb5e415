import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { withoutPython } from "@mien/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openStudy } from "./study-place.ts";
import { startPostgres, withoutPostgres } from "./testing/postgres.ts";
import { toySettings } from "./testing/studies.ts";

// Python and PostgreSQL start here, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

const given = {
  new: { name: "toy", settings: toySettings() },
  worker: 0,
  onComplaint: () => undefined,
};

describe.skipIf(withoutPython("optuna"))("a study whose storage fails while it is open", () => {
  it("is named in the error if its journal is damaged", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "mien-place-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const journal = path.join(folder, "journal.log");
    const { bridge } = await openStudy({ name: "toy", folder, store: { journal } }, given);
    await appendFile(journal, "no JSON\nno JSON\n");
    await expect(bridge.call("status", {})).rejects.toMatchObject({
      code: "environment",
      message: expect.stringContaining(
        `the study at ${journal} cannot be read or written`,
      ) as string,
      advice: expect.stringMatching(/If the file is damaged/) as string,
    });
    await bridge.close();
  });

  it.skipIf(withoutPostgres())(
    "is named in the error, without its password, if its database ends",
    async () => {
      const postgres = await startPostgres();
      const store = { url: postgres.url, heartbeat: 20 };
      const { bridge } = await openStudy({ name: "toy", folder: "none", store }, given);
      await postgres.stop();
      const failure = await bridge.call("ask", {}).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: "environment",
        advice: expect.stringMatching(/Check that PostgreSQL runs there/) as string,
      });
      expect(String(failure)).toContain("postgresql://***@127.0.0.1");
      expect(String(failure)).not.toContain("secret");
      await bridge.close();
    },
  );
});
