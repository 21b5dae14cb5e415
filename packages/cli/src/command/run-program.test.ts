import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shellQuote } from "../terminal/terminal.ts";

let folder: string;
let program: string;
const node = ["--conditions=source", "--import", "tsx"];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mien-run-"));
  program = path.join(folder, "program.mts");
  const cli = JSON.stringify(path.join(import.meta.dirname, "../index.ts"));
  const format = JSON.stringify(path.resolve(import.meta.dirname, "../../../format/src/index.ts"));
  writeFileSync(
    program,
    `import { defineCommand, runProgram } from ${cli};
     import { MienError } from ${format};
     import { mkdir } from "node:fs/promises";
     const count = { type: "integer", unit: "sums", default: 3, min: 1, max: 9, description: "how many" } as const;
     await runProgram({ name: "demo", summary: "a program", commands: [
       defineCommand({ name: "add", summary: "adds", details: "Adds up.", examples: ["npx nx run demo:add"],
         options: { count }, run: async (v, c) => { c.terminal.say("sum " + v.count); return { sum: v.count }; } }),
       defineCommand({ name: "fail", summary: "fails", examples: [], options: {},
         run: async () => { throw new MienError("bad-data", "row 3 is odd", { advice: "Make it even." }); } }),
       defineCommand({ name: "bug", summary: "crashes", examples: [], options: {},
         run: async () => { throw new TypeError("undefined is not a face"); } }),
       defineCommand({ name: "repeat", summary: "fails", examples: [], options: {},
         positional: { name: "text", description: "text" },
         run: async (_, c) => { throw new MienError("bad-data", "no " + c.positionals[0], { advice: "See " + c.positionals[0], cause: new Error(c.positionals[0]) }); } }),
       defineCommand({ name: "make", summary: "makes a folder", examples: [], options: {},
         run: () => mkdir(import.meta.filename + "/x", { recursive: true }) }),
       defineCommand({ name: "wait", summary: "waits", examples: [], options: {}, run: (_, c) =>
         new Promise((_, reject) => { const alive = setInterval(() => {}, 1e6); c.terminal.say("waiting");
           c.signal.addEventListener("abort", () => { clearInterval(alive); reject(new MienError("interrupted", "at epoch 3", { advice: "Repeat it." })); }); }) }),
     ] });`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(argv: string[], env: Record<string, string> = {}) {
  const result = spawnSync(process.execPath, [...node, program, ...argv], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

describe("a quoted path", () => {
  it("is the same path after a shell has read it", () => {
    for (const name of [
      "a/b-c_1.csv",
      "with space.csv",
      "it's.csv",
      '$HOME;`x`&"*.csv',
      "Müller.csv",
    ]) {
      const echo = spawnSync("sh", ["-c", `printf %s ${shellQuote(name)}`], { encoding: "utf8" });
      expect(echo.stdout).toBe(name);
    }
    expect(shellQuote("a/b-c_1.csv")).toBe("a/b-c_1.csv");
    expect(shellQuote("-x/y z.csv")).toBe("'./-x/y z.csv'");
  });
});

describe("a program of commands", () => {
  it("does its work, writes the result as JSON and exits with 0", () => {
    const json = path.join(folder, "deep/result.json");
    const { code, out } = run(["add", "--count", "5", "--json", json]);
    expect(code).toBe(0);
    expect(out).toBe(`sum 5\nwrote ${json}\n`);
    expect(JSON.parse(readFileSync(json, "utf8"))).toEqual({ sum: 5 });
  });

  it("refuses a path for the JSON that cannot be written, before any work", () => {
    const isFolder = run(["add", "--json", folder]);
    expect(isFolder).toMatchObject({ code: 2, out: "" });
    expect(isFolder.err).toMatch(/--json cannot be written to .*: it is a folder/);
    const belowFile = run(["add", "--json", path.join(program, "x.json")]);
    expect(belowFile).toMatchObject({ code: 2, out: "" });
    expect(belowFile.err).toMatch(/--json cannot be written to .*program\.mts\/x\.json/);
  });

  it("explains a command with flags, ranges, defaults and an example", () => {
    const { code, out } = run(["add", "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(/Adds up\.[^]*--count N +how many \(sums; 1 to 9; default: 3\)/);
    expect(out).toMatch(/--json FILE[^]*example:\n {2}npx nx run demo:add/);
  });

  it("lists its commands, and exits with 2 if none is named", () => {
    expect(run(["--help"])).toMatchObject({ code: 0 });
    const { code, out } = run([]);
    expect(code).toBe(2);
    expect(out).toMatch(/ {2}add +adds\n {2}fail +fails/);
  });

  it("exits with 2 on wrong usage, with one line and no stack trace", () => {
    expect(run(["ad"])).toEqual({
      code: 2,
      out: "",
      err: 'error: demo has no command "ad"; it has add, fail, bug, repeat, make, wait\n',
    });
    const { code, err } = run(["add", "--cuont", "5"]);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: unknown flag --cuont\. Did you mean --count\?\n.*--help/);
  });

  it("prints a user's error without a stack trace unless MIEN_DEBUG asks for it", () => {
    expect(run(["fail"])).toEqual({
      code: 1,
      out: "",
      err: "error: row 3 is odd\nMake it even.\n",
    });
    expect(run(["fail"], { MIEN_DEBUG: "1" }).err).toMatch(/row 3 is odd[^]*\n {4}at /);
  });

  it("prints no secret of the command line, whatever the error message contains", () => {
    const address = "rtsp://me:p w/5@camera.example/live?token=t0ken";
    const lines = [
      ["add", `--count=${address}`],
      [address],
      ["repeat", `--source=${address}`],
      ["repeat", `see ${address}`],
    ];
    for (const argv of lines) {
      const { code, out, err } = run(argv, { MIEN_DEBUG: "1" });
      expect(code).toBeGreaterThan(0);
      expect(err).toMatch(/^error: /);
      expect(out + err).not.toMatch(/me:p|p w|t0ken/);
    }
    expect(run(["add", "--count", address]).err).toBe(
      'error: --count must be a whole number from 1 to 9, found "rtsp://***@camera.example/live?token=***"\n',
    );
  });

  it("prints a bug with its stack trace", () => {
    const { code, err } = run(["bug"]);
    expect(code).toBe(1);
    expect(err).toMatch(/undefined is not a face\nThis is a bug in mien[^]*\n {4}at /);
  });

  it("explains an error of the file system in two lines", () => {
    const { code, err } = run(["make"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: cannot make the folder .*x: not a directory\nA part of .*\n$/);
  });

  it("lets a command stop at a safe point on Ctrl-C and exits with 130", async () => {
    const child = spawn(process.execPath, [...node, program, "wait"]);
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdout.once("data", () => child.kill("SIGINT"));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(err).toMatch(/stopped: at epoch 3\nRepeat it\.\n$/);
  });
});
