import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import type { Terminal } from "@mien/cli";

/** The machine and the versions: the part of the JSON that is the same for all benchmarks. */
export interface Environment {
  readonly machine: {
    /** Name of the processor. */
    readonly cpu: string;
    /** Logical cores. */
    readonly cores: number;
    readonly memoryBytes: number;
    /** E.g. `linux-x64`. */
    readonly platform: string;
    /** Version of Node, e.g. `v22.12.0`. */
    readonly node: string;
  };
  /** Versions of the packages and programs that were measured, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Describes this machine and the versions of the measured packages.
 *
 * @param from `import.meta.url` of the module that imports the packages.
 * @param packages npm packages; packages that are not installed are left out.
 * @param versions of other programs, by name.
 */
export function describeEnvironment(
  from: string,
  packages: readonly string[],
  versions: Readonly<Record<string, string>> = {},
): Environment {
  const found = packages.flatMap((name) => {
    const version = packageVersion(name, from);
    return version === undefined ? [] : [[name, version] as const];
  });
  return {
    machine: {
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: `${process.platform}-${process.arch}`,
      node: process.version,
    },
    versions: { ...Object.fromEntries(found), ...versions },
  };
}

/** Prints the machine and the versions as one line. */
export function sayEnvironment(terminal: Terminal, { machine, versions }: Environment): void {
  const programs = Object.entries({ Node: machine.node.slice(1), ...versions });
  terminal.say(
    `${machine.cpu}, ${machine.cores} cores; ` +
      programs.map(([name, version]) => `${name} ${version}`).join(", "),
  );
}

/** Found by its folder, since most packages do not export their package.json. */
function packageVersion(name: string, from: string): string | undefined {
  const folders = createRequire(from).resolve.paths(name) ?? [];
  const files = folders.map((folder) => path.join(folder, name, "package.json"));
  const file = files.find((candidate) => existsSync(candidate));
  if (file === undefined) return undefined;
  return (JSON.parse(readFileSync(file, "utf8")) as { version?: string }).version;
}
