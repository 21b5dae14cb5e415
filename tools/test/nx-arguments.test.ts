// Sends every flag of every command through the real nx, as a person types it.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { commonOptions, flagOf, type Command, type Option, type Options } from "@mien/cli";
import { isLong } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { PROGRAMS } from "./programs.ts";
import { nxOptions, typedArguments } from "../nx/arguments.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");
const NX = path.join(ROOT, "node_modules/nx/dist/bin/nx.js");
const COMMANDS = PROGRAMS.flatMap((program) =>
  program.commands.map((command: Command) => ({ project: program.name, command })),
);

/** Each flag once, with a value that a shell, a parser or nx might take apart. */
function everyFlag(options: Options): string[] {
  return Object.entries({ ...options, ...commonOptions }).flatMap(
    ([name, option]: [string, Option]) => {
      if (option.type === "boolean") return [flagOf(name), flagOf(name).replace("--", "--no-")];
      if (option.type !== "string") return [flagOf(name), "32", `${flagOf(name)}=-0.5`];
      return [flagOf(name), `a "b" $HOME 'c' ; # d`, `${flagOf(name)}=x=y`];
    },
  );
}

/** The arguments that reach `runProgram` when nx runs `words`. */
async function arriving(words: readonly string[]): Promise<unknown> {
  const env = {
    ...process.env,
    NX_DAEMON: "false",
    NX_TUI: "false",
    NODE_OPTIONS: `--import=${path.join(import.meta.dirname, "print-arguments.mjs")}`,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [NX, ...words], {
    cwd: ROOT,
    env,
  });
  const line = /^arguments: (.*)$/m.exec(stdout)?.[1];
  return line === undefined ? stdout : JSON.parse(line);
}

/**
 * What is sent through nx: all flags of a project's commands at once to its first command, as each
 * start of nx takes two seconds; in long tests those of each command to that command.
 */
const SENT = isLong
  ? COMMANDS.map(({ project, command }) => ({
      ...{ project, name: command.name, options: command.options },
    }))
  : PROGRAMS.map(({ name: project, commands }) => ({
      ...{ project, name: commands[0]!.name },
      options: Object.fromEntries(
        commands.flatMap(({ options }: Command) => Object.entries(options)),
      ),
    }));

describe("arguments through nx", () => {
  it.concurrent.each(SENT)(
    "$project:$name gets every flag as it was typed",
    async ({ project, name, options }) => {
      const words = [...everyFlag(options), "plain word", "*", "--", "--batch", "-c"];
      const typed = words.filter((word) => word !== "--");
      // What a target depends on, such as the built page, is not needed to print arguments.
      const run = ["run", "--exclude-task-dependencies", `${project}:${name}`];
      expect(await arriving([...run, ...words])).toEqual([name, ...typed]);
    },
  );

  it.each(COMMANDS)("$project:$command.name is a target of nx", ({ project, command }) => {
    const file = path.join(ROOT, "packages", project, "package.json");
    const { nx } = JSON.parse(readFileSync(file, "utf8")) as {
      nx: { targets: Record<string, { cache?: boolean; options?: { command?: string } }> };
    };
    expect(nx.targets[command.name]).toMatchObject({
      executor: "nx:run-commands",
      cache: false,
      options: {
        command: expect.stringMatching(
          new RegExp(
            `^node --conditions=source --import tsx \\{projectRoot\\}/src/(bin|benchmark/run)\\.ts ${command.name}$`,
          ),
        ) as string,
      },
    });
  });

  it("leaves out nx's own options, wherever they stand", async () => {
    const words = ["run", "--skip-nx-cache", "train:fit", "--output-style=static"];
    expect(await arriving([...words, "--batch-size", "32", "--output-style", "static"])).toEqual([
      "fit",
      "--batch-size",
      "32",
    ]);
  });

  it("a flag that nx itself drops reaches the command's own check", async () => {
    const words = [NX, "run", "train:fit", "--batch-size", "many"];
    const env = { ...process.env, NX_DAEMON: "false", NX_TUI: "false" };
    const failed = promisify(execFile)(process.execPath, words, { cwd: ROOT, env });
    await expect(failed).rejects.toMatchObject({
      stderr: expect.stringContaining("--batch-size must be a whole number") as string,
    });
  });

  it("no flag has the name of an option of nx or of its executor", () => {
    const schema = createRequire(import.meta.url)("nx/src/executors/run-commands/schema.json") as {
      properties: Record<string, unknown>;
    };
    const taken = new Set([...nxOptions().keys(), ...Object.keys(schema.properties)]);
    const ours = COMMANDS.flatMap(({ project, command }) =>
      Object.keys({ ...command.options, ...commonOptions }).map((name) => ({
        flag: `${project}:${command.name} ${flagOf(name)}`,
        name,
      })),
    );
    expect(ours.filter(({ name }) => taken.has(name)).map(({ flag }) => flag)).toEqual([]);
    expect(taken).toContain("batch");
    expect(taken).toContain("command");
  });

  it("belong to a command only where nx runs one target", () => {
    const options = nxOptions();
    expect(typedArguments(["run-many", "-t", "test"], options)).toBeUndefined();
    expect(typedArguments(["run", "--help"], options)).toBeUndefined();
    expect(typedArguments(["run", "-p", "train", "train:fit", "a:b"], options)).toEqual({
      project: "train",
      target: "fit",
      args: ["a:b"],
    });
  });
});
