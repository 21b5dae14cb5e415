import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const LOCK = new URL("./lock.mjs", import.meta.url).href;

let folder: string;
let children: ChildProcess[];
let heard: string[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mien-lock-"));
  children = [];
  heard = [];
});

afterEach(async () => {
  for (const child of children) await killed(child);
  rmSync(folder, { recursive: true });
});

/**
 * Starts a process that takes the lock and then runs `work`; everything that it prints is recorded.
 */
function start(name: string, work: string): ChildProcess {
  const script = `
    const { takeLock } = await import(${JSON.stringify(LOCK)});
    const say = (what) => console.log("${name} " + what);
    await takeLock();
    ${work}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: folder });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    heard.push(...text.trim().split("\n"));
  });
  children.push(child);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function hears(pattern: RegExp): Promise<void> {
  while (!heard.some((line) => pattern.test(line))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const UNTIL_TOLD = `
  say("begins");
  process.stdin.once("data", () => { say("ends"); process.exit(); });`;

describe("the set-up's lock", () => {
  it("lets one process in at a time", async () => {
    const first = start("first", UNTIL_TOLD);
    await hears(/first begins/);
    start("second", `say("begins");`);
    await hears(/^waiting for another set-up/);
    first.stdin?.write("go on\n");
    await hears(/second begins/);
    const told = heard.filter((line) => !line.startsWith("waiting"));
    expect(told).toEqual(["first begins", "first ends", "second begins"]);
  });

  it("is free when its process was killed", async () => {
    const first = start("first", UNTIL_TOLD);
    await hears(/first begins/);
    await killed(first);
    start("second", `say("begins");`);
    await hears(/second begins/);
    expect(heard).toEqual(["first begins", "second begins"]);
  });

  it("is held by a program that outlives the killed set-up", async () => {
    const run = new URL("./run.mjs", import.meta.url).href;
    const first = start(
      "first",
      `const { run } = await import(${JSON.stringify(run)});
       const program = run([process.execPath, "-e", "setTimeout(() => {}, 1500)"]);
       say("begins");
       await program;`,
    );
    await hears(/first begins/);
    await killed(first);
    start("second", `say("begins");`);
    await hears(/^waiting for another set-up/);
    await hears(/second begins/);
    expect(heard.at(-1)).toBe("second begins");
  });
});
