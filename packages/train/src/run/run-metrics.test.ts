import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeJson } from "@mien/cli";
import { RUN_FILES } from "@mien/format";
import { describe, expect, it, onTestFinished } from "vitest";
import { readRunMetrics } from "./run-metrics.ts";

describe("readRunMetrics", () => {
  it("refuses an unfinished run, and a file that holds something else", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "mien-metrics-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await expect(readRunMetrics(folder)).rejects.toMatchObject({ code: "missing-file" });
    for (const content of [null, {}, { validation: 1 }]) {
      await writeJson(path.join(folder, RUN_FILES.metrics), content);
      await expect(readRunMetrics(folder)).rejects.toMatchObject({ code: "bad-data" });
    }
    const whole = { validation: { accuracyInterval: [0, 1], confusion: [[1]] } };
    await writeJson(path.join(folder, RUN_FILES.metrics), whole);
    expect(await readRunMetrics(folder)).toEqual(whole);
  });
});
