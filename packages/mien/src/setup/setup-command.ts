import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { defineCommand, EXIT } from "@mien/cli";
import { MienError, nearestName } from "@mien/format";
import { COMMAND_NAMES } from "../command-names.ts";
import { allNeeds, describeNeeds, needsOf, type Needs } from "./needs.ts";
import { ownManifest, PACKAGE, setupFolder } from "./setup-folder.ts";

/** The program that sets up a clone, from the clone's folder. */
const OF_CLONE = "tools/setup.mjs";
/** The program that sets up another folder, from this folder. */
const OUTSIDE = "tools/setup/outside/set-up-outside.mjs";

/** `mien setup`: installs what commands need besides mien itself. */
export const setupCommand = defineCommand({
  name: "setup",
  summary: "Install what exploring data, training, tuning and exporting need",
  details:
    "Installs npm packages, TensorFlow for Node and Python packages, into a folder of the user's cache; " +
    "MIEN_CACHE names another folder. TensorFlow's addon is compiled, which needs a C++ compiler, and Python 3.10 or " +
    "newer downloads TensorFlow. Nothing is installed for the whole machine. An interrupted set-up continues where it stopped. " +
    "In a clone of mien, the clone is set up instead.",
  examples: ["npx nx run mien:setup", "npx nx run mien:setup explore"],
  positional: {
    name: "COMMAND",
    description: "Install only what this command needs",
    defaultText: "what all commands need",
  },
  options: {},
  run: async (_, { positionals: [name], terminal, signal }) => {
    const needs = name === undefined ? allNeeds() : needsOf(commandOf(name));
    const clone = cloneFolder();
    if (clone !== undefined) {
      await runSetup({ script: OF_CLONE, words: [], folder: clone, signal });
      return { folder: clone };
    }
    if (needs.packages.length === 0) {
      terminal.say(`${name ?? "mien"} works as it is: nothing has to be installed`);
      return { folder: null };
    }
    const folder = setupFolder();
    for (const line of [`into ${folder}:`, ...describeNeeds(needs)]) terminal.say(line);
    copyTools(folder);
    const words = [JSON.stringify({ ...needs, packages: versionsOf(needs) })];
    await runSetup({ script: OUTSIDE, words, folder, signal });
    terminal.next(`npx nx run data:explore -- --help`, "to see how a data set is explored");
    return { folder, ...needs };
  },
});

function commandOf(name: string): (typeof COMMAND_NAMES)[number] {
  const known = COMMAND_NAMES.find((command) => command.name === name);
  if (known !== undefined) return known;
  const names = COMMAND_NAMES.map((command) => command.name);
  const nearest = nearestName(name, names);
  throw new MienError(
    "usage",
    `mien has no command "${name}"${nearest === undefined ? "" : `; did you mean ${nearest}?`}`,
    { advice: `Its commands are ${names.join(", ")}.` },
  );
}

/** The clone that this package is a part of; undefined if npm has installed the package. */
function cloneFolder(): string | undefined {
  const root = path.resolve(PACKAGE, "../..");
  const isPart = PACKAGE === path.join(root, "packages/mien");
  return isPart && existsSync(path.join(root, OF_CLONE)) ? root : undefined;
}

/** Copies the set-up of a clone, which is a part of this package, into a folder. */
function copyTools(folder: string): void {
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(PACKAGE, "dist/tools"), path.join(folder, "tools"), { recursive: true });
}

function versionsOf({ packages }: Needs): Record<string, string> {
  const { version, peerDependencies } = ownManifest();
  const versions = packages.map((name) => [name, peerDependencies[name] ?? version] as const);
  return { mien: version, ...Object.fromEntries(versions) };
}

/** Runs a set-up in a process of its own, which prints its progress and its errors. */
async function runSetup(program: {
  readonly script: string;
  readonly words: readonly string[];
  readonly folder: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { script, words, folder, signal } = program;
  const child = spawn(process.execPath, [path.join(folder, script), ...words], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const end = () => child.kill("SIGTERM");
  signal.addEventListener("abort", end);
  await once(child, "exit");
  signal.removeEventListener("abort", end);
  if (child.exitCode === EXIT.done) return;
  if (signal.aborted) {
    throw new MienError("interrupted", "the set-up is not finished", {
      advice: "Type the same command again to continue it.",
    });
  }
  throw new MienError("environment", "the set-up is not finished; the reason is above", {
    advice: "Correct it and type the same command again: what is finished is kept.",
  });
}
