import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runInProcess } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMAND_NAMES } from "./command-names.ts";
import { loadProgram } from "./load-program.ts";
import { runMien } from "./run-mien.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-mien-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...words: readonly string[]) =>
  runInProcess(() => runMien(words, "npx mien"), { cwd: folder });

describe("mien", () => {
  it.each(COMMAND_NAMES)("has the command $name, which is $project:$command", async (known) => {
    const { commands } = await loadProgram(known.project);
    expect(commands.map(({ name }) => name)).toContain(known.command);
  });

  it("lists its commands with what they do", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}live {2,}Show faces, names and expressions live on a web page$/m);
    expect(out).toMatch(/^ {2}tune-report {2,}Report the results of a study/m);
    expect(out).toMatch(/^usage: npx mien <command> \[flags\]$/m);
    expect(await run()).toMatchObject({ code: 2, out });
  });

  it.each(COMMAND_NAMES)("names commands in the help of $name as they are typed", async (known) => {
    const { code, out } = await run(known.name, "--help");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^mien ${known.name}: `));
    expect(out).toMatch(new RegExp(`^usage: npx mien ${known.name}( |$)`, "m"));
    const others = COMMAND_NAMES.map(({ project, command }) => `${project}:${command}`);
    for (const name of others) expect(out).not.toMatch(new RegExp(`(?<![\\w-])${name}(?![\\w-])`));
    expect(out).not.toMatch(/nx shows its own help/);
  });

  it("sets nothing up for an unknown command", async () => {
    const { code, err } = await run("setup", "explor");
    expect(code).toBe(2);
    expect(err).toMatch(/no command "explor"; did you mean explore\?/);
  });

  it("suggests the nearest command", async () => {
    const { code, err } = await run("analize");
    expect(code).toBe(2);
    expect(err).toMatch(/no command "analize"; did you mean analyze\?/);
  });

  it("passes flags on as they were typed, and names commands in its advice", async () => {
    const { code, err } = await run("evaluate", "nothing-here");
    expect(code).toBe(1);
    expect(err).toMatch(/nothing-here[^]*npx mien fit/);
    const done = await run("synth", "--count", "70", "--out", "drawn");
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toMatch(/^next {2}npx mien \w+/m);
  });
});
