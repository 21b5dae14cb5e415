import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockRun } from "./run-lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a run's lock", () => {
  it("keeps other living processes out, and lets them in once it is released", async () => {
    const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
    const file = path.join(folder, "lock");
    await writeFile(file, String(other.pid));
    await expect(lockRun(folder)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(String(other.pid)) as string,
    });
    expect(await readFile(file, "utf8")).toBe(String(other.pid));
    const ended = new Promise((resolve) => other.once("exit", resolve));
    other.kill("SIGKILL");
    await ended;
    const release = await lockRun(folder);
    expect(await readFile(file, "utf8")).toBe(String(process.pid));
    await release();
    expect(existsSync(file)).toBe(false);
  });

  it("is taken over if what stands in it is no process", async () => {
    await writeFile(path.join(folder, "lock"), "half writ");
    await (
      await lockRun(folder)
    )();
  });
});
