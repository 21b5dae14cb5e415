import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockRun } from "./run-lock.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-lock-"));
  file = path.join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The script of another process that takes the lock and holds it until it is killed. */
const holder = `
  const { lockRun } = await import(${JSON.stringify(path.join(import.meta.dirname, "run-lock.ts"))});
  const go = await new Promise((resolve) => { process.once("message", resolve); process.send("up"); });
  const outcome = await lockRun(go).then(() => "won", (error) => error.code ?? String(error));
  process.send(outcome);
  setInterval(() => {}, 1e6);
`;
function startHolder() {
  const node = ["--conditions=source", "--import", "tsx", "--input-type=module", "-e", holder];
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
  const child = spawn(process.execPath, node, { stdio: [...stdio] });
  const next = () => new Promise<unknown>((resolve) => child.once("message", resolve));
  const up = next();
  return {
    pid: child.pid!,
    up,
    lock: () => {
      const outcome = next();
      child.send(folder);
      return outcome;
    },
    end: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("lockRun", () => {
  it("keeps other processes out while its owner runs, and lets them in when it has ended", async () => {
    const other = startHolder();
    await other.up;
    expect(await other.lock()).toBe("won");
    const theirs = await readFile(file, "utf8");
    expect(theirs).toMatch(new RegExp(`^${other.pid}( |$)`));
    await expect(lockRun(folder)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(String(other.pid)) as string,
      advice: expect.stringContaining(`delete ${file}`) as string,
    });
    expect(await readFile(file, "utf8")).toBe(theirs);
    await other.end();
    const release = await lockRun(folder);
    expect(await readFile(file, "utf8")).toMatch(new RegExp(`^${process.pid}( |$)`));
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("respects the lock of an earlier version, which holds only the id of a process", async () => {
    await writeFile(file, String(process.ppid));
    await expect(lockRun(folder)).rejects.toMatchObject({ code: "conflict" });
  });

  it("replaces a lock whose content does not name a running process", async () => {
    for (const content of ["half writ", "", "0", "-1", "999999999 1 x"]) {
      await writeFile(file, content);
      const unlock = await lockRun(folder);
      expect(await readFile(file, "utf8")).toMatch(new RegExp(`^${process.pid}( |$)`));
      await unlock();
    }
  });

  it.skipIf(!existsSync("/proc/self/stat"))(
    "replaces a lock whose id belongs to another process now, before or after a reboot",
    async () => {
      const release = await lockRun(folder);
      const [pid, start, boot] = (await readFile(file, "utf8")).split(" ");
      await release();
      for (const stale of [`${pid} ${Number(start) - 1} ${boot}`, `${pid} ${start} other-boot`]) {
        await writeFile(file, stale);
        const unlock = await lockRun(folder);
        expect(await readFile(file, "utf8")).toMatch(new RegExp(`^${process.pid}( |$)`));
        await unlock();
      }
    },
  );

  it("is taken by exactly one of many concurrent attempts, free or left by a killed process", async () => {
    for (let round = 0; round < 50; round++) {
      if (round % 2 === 1) await writeFile(file, "999999999");
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(folder)));
      const winners = attempts.filter((attempt) => attempt.status === "fulfilled");
      expect(winners).toHaveLength(1);
      await winners[0]!.value();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("is taken by exactly one of several processes when a killed one left it", async () => {
    const others = Array.from({ length: 4 }, startHolder);
    await Promise.all(others.map(({ up }) => up));
    await writeFile(file, "999999999");
    const outcomes = await Promise.all(others.map((other) => other.lock()));
    await Promise.all(others.map((other) => other.end()));
    expect(outcomes.sort()).toEqual(["conflict", "conflict", "conflict", "won"]);
  }, 60_000);

  it("does not remove a lock that another owner holds", async () => {
    const release = await lockRun(folder);
    await writeFile(file, "somebody else");
    await release();
    expect(await readFile(file, "utf8")).toBe("somebody else");
  });

  it("reports a lock that cannot be written", async () => {
    await expect(lockRun(path.join(folder, "none"))).rejects.toMatchObject({
      code: "environment",
      message: expect.stringContaining("cannot write") as string,
    });
  });
});
