import type { Program } from "@mien/cli";
import { COMMAND_NAMES, type Project } from "./command-names.ts";
import { loadProgram } from "./load-program.ts";

/** The headings of the overview, and the projects whose commands are below each. */
const GROUPS: readonly (readonly [string, readonly Project[]])[] = [
  ["see expressions", ["app"]],
  ["look at data", ["data"]],
  ["train, tune and export a model", ["train", "tune", "export"]],
  ["install what these need", ["mien"]],
];

/** The help of `mien`: its commands with their summaries. */
export async function overview(program: string): Promise<string> {
  const lines = [
    "mien: find faces and read their expressions, on this machine and nowhere else.",
    "An expression is what a face shows; mien cannot read feelings.",
    "",
  ];
  const width = Math.max(...COMMAND_NAMES.map(({ name }) => name.length));
  for (const [heading, projects] of GROUPS) {
    const loaded = await Promise.all(
      projects.map(async (name) => [name, await tryLoad(name)] as const),
    );
    const isComplete = loaded.every(([, found]) => found !== undefined);
    lines.push(`${heading}${isComplete ? "" : ` (after ${program} setup)`}:`);
    for (const [project, found] of loaded) {
      for (const { name, command } of COMMAND_NAMES.filter((known) => known.project === project)) {
        const summary = found?.commands.find((one) => one.name === command)?.summary ?? "";
        lines.push(`  ${name.padEnd(width)}  ${summary}`.trimEnd());
      }
    }
    lines.push("");
  }
  return [
    ...lines,
    `usage: ${program} <command> [flags]`,
    `help:  ${program} <command> --help`,
    "",
    `next:  ${program} live`,
    "",
  ].join("\n");
}

async function tryLoad(project: Project): Promise<Program | undefined> {
  return loadProgram(project).catch(() => undefined);
}
