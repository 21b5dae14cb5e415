// What documents refer to exists: files, headings, commands, flags and, in CONTRIBUTING, folders.
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

/** A document without its fenced blocks. */
const prose = (text: string) => text.replace(/^```[^]*?^```$/gm, "");

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The links and pictures of a document that lead to no file or heading. */
function brokenLinks(document: string): string[] {
  const text = prose(read(document)).replace(/`[^`\n]*`/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(
    ([, link, source]) => link ?? source ?? "",
  );
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = "", anchor] = target.split("#");
      const at = file === "" ? document : path.join(path.dirname(document), file);
      if (missing(at)) return true;
      return anchor !== undefined && !anchorsOf(read(at)).includes(anchor);
    });
}

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

/** The paths from the root that a document names; data sets are files of the user. */
function pathsIn(text: string): string[] {
  const isPath = /(?<![\w./-])(?:packages|tools|docs|datasets|\.ci)\/[\w/.-]*\w/g;
  return [...text.matchAll(isPath)]
    .map(([file]) => file)
    .filter((file) => !/NAME|fer2013(?:new)?\.csv|\bdist\b/.test(file));
}
const missing = (file: string) => !existsSync(path.join(ROOT, file));

describe("documents", () => {
  it.each(DOCUMENTS)("lead to files and headings that exist: %s", (document) => {
    expect(brokenLinks(document)).toEqual([]);
  });

  it("name paths that exist", () => {
    const paths = DOCUMENTS.flatMap((document) =>
      pathsIn(read(document)).map((file) => ({ document, file })),
    );
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter(({ file }) => missing(file))).toEqual([]);
  });

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
