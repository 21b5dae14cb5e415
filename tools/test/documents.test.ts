// Checks that commands, flags and, in CONTRIBUTING, folders in documents exist. `npm run guards`
// checks their links and paths.
import { commonOptions, flagOf, type Command, type Options } from "@mien/cli";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { PROGRAMS } from "./programs.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const DOCUMENTS = execFileSync("git", ["ls-files", "*.md"], { cwd: ROOT, encoding: "utf8" })
  .trim()
  .split("\n")
  .filter((file) => existsSync(path.join(ROOT, file)));

/** The command lines `npx nx run PROJECT:COMMAND …` of a document, as words. */
function commandLines(document: string): string[][] {
  return [...read(document).matchAll(/npx nx run ([a-z-]+:[^\n`|]*)/g)].map(([, line]) =>
    (line as string).replace(/ (?:-->|#|&&|\() ?.*| {2,}.*/, "").split(" "),
  );
}

/** What is wrong with a command line; examples may leave out words and use placeholders. */
function faultOf([target = "", ...words]: string[]): string | undefined {
  const [project, name] = target.split(":");
  const commands = PROGRAMS.find((program) => program.name === project)?.commands;
  const command = commands?.find((one: Command) => one.name === name) as Command | undefined;
  if (command === undefined) return `${target} is no command`;
  const options: Options = { ...command.options, ...commonOptions };
  const flags = Object.keys(options).map(flagOf);
  const unknown = words
    .filter((word) => word.startsWith("--") && word !== "--" && word !== "--help")
    .map((word) => word.replace(/=.*/, ""))
    .find((word) => !flags.includes(word) && !flags.includes(word.replace("--no-", "--")));
  return unknown === undefined ? undefined : `${target} has no flag ${unknown}`;
}

describe("documents", () => {
  it("show commands and flags that exist", () => {
    const lines = DOCUMENTS.flatMap((document) =>
      commandLines(document).map((line) => ({ document, line })),
    );
    expect(lines.length).toBeGreaterThan(80);
    const tests = /^[a-z-]+:(?:test|build|lint|typecheck|COMMAND)$/;
    const faults = lines
      .filter(({ line }) => !tests.test(line[0] as string))
      .flatMap(({ document, line }) => {
        const fault = faultOf(line);
        return fault === undefined ? [] : [`${document}: ${fault}`];
      });
    expect(faults).toEqual([]);
  });

  it("keep the README to at most 200 lines", () => {
    expect(read("README.md").split("\n").length).toBeLessThanOrEqual(200);
  });
});

/** Folders that many packages have; CONTRIBUTING describes them once. */
const EVERYWHERE = ["benchmark", "commands", "testing"];

describe("CONTRIBUTING", () => {
  const text = read("CONTRIBUTING.md");

  it("shows every package, and every folder in it, once", () => {
    const tree = /```text\npackages\/\n([^]*?)```/.exec(text)?.[1] ?? "";
    const shown: string[] = [];
    let inside = "";
    for (const line of tree.split("\n")) {
      const [, indent = "", name = ""] = /^( +)([\w-]+)\//.exec(line) ?? [];
      if (name === "") continue;
      inside = indent.length === 2 ? name : inside;
      shown.push(indent.length === 2 ? name : `${inside}/${name}`);
    }
    const folders = (at: string) =>
      readdirSync(path.join(ROOT, at), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name);
    const there = folders("packages")
      .filter((name) => existsSync(path.join(ROOT, "packages", name, "package.json")))
      .flatMap((name) => [
        name,
        ...folders(`packages/${name}/src`)
          .filter((room) => !EVERYWHERE.includes(room))
          .map((room) => `${name}/${room}`),
      ]);
    expect(shown.toSorted()).toEqual(there.toSorted());
  });
});
