import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf } from "@mien/format";
import { cacheFolder, type Terminal } from "@mien/cli";

/** What installing a peer needs to know besides what to install. */
export interface PeerOptions {
  /** Told what is installed, where to, and how far it is. */
  readonly terminal: Terminal;
  /** Stops the installation; nothing is left of it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * npm packages that only a comparison needs, in the cache folder, installed the first time. Their
 * install scripts do not run.
 *
 * @param packages pinned, as npm takes them, e.g. `@vladmandic/face-api@1.7.15`.
 * @returns the folder whose `node_modules` holds them.
 * @throws {MienError} `environment` without npm or where it fails; `interrupted`.
 */
export async function peerPackages(
  packages: readonly string[],
  options: PeerOptions,
): Promise<string> {
  return peer("npm", packages, options, async (aside, run) => {
    await mkdir(aside, { recursive: true });
    const quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
    const install = ["install", "--prefix", aside, "--ignore-scripts", ...quiet, ...packages];
    // Windows starts npm, a batch file, only by a shell.
    await run("npm", install, isWindows);
  });
}

export const isWindows = process.platform === "win32";

export type Run = (program: string, args: readonly string[], shell?: boolean) => Promise<void>;

/** The folder of a peer in the cache, which `make` fills aside, so that it is there whole or not at all. */
export async function peer(
  kind: string,
  contents: readonly string[],
  { terminal, signal }: PeerOptions,
  make: (aside: string, run: Run) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(contents)).digest("hex").slice(0, 12);
  const folder = path.join(cacheFolder(), `peer-${kind}-${hash}`);
  if (existsSync(folder)) return folder;
  const aside = `${folder}.${process.pid}.part`;
  const what = contents.filter((word) => /[=@]/.test(word)).join(" ");
  terminal.say(`installing ${what} into ${folder}, once`);
  const bar = terminal.progress("install", 2);
  let steps = 0;
  try {
    await mkdir(cacheFolder(), { recursive: true });
    await make(aside, async (program, args, shell = false) => {
      await runToEnd(program, args, { shell, signal, onLine: (line) => bar.update(steps, line) });
      steps++;
    });
    await rename(aside, folder).catch((error: unknown) => {
      // Another process was faster; its copy is as good.
      if (!existsSync(folder)) throw error;
    });
    return folder;
  } catch (error) {
    if (signal?.aborted) throw new MienError("interrupted", `the installation of ${what} stopped`);
    throw new MienError("environment", `cannot install ${what}: ${messageOf(error)}`, {
      advice:
        "It is downloaded from the package index once: check the network, proxy and index settings. " +
        "MIEN_CACHE names another folder, MIEN_PYTHON_BASE another Python.",
      cause: error,
    });
  } finally {
    bar.stop();
    await rm(aside, { recursive: true, force: true });
  }
}

/** Where pip and npm install is ours to say; from where (index, proxy) stays the user's. */
const CLEAN_ENVIRONMENT = {
  PIP_USER: "0",
  PIP_REQUIRE_VIRTUALENV: undefined,
  PIP_TARGET: undefined,
  PIP_PREFIX: undefined,
  PIP_ROOT: undefined,
  PIP_NO_INPUT: "1",
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
};

/** Lines of a failed program's output that are shown. */
const SHOWN_LINES = 8;

/** Runs a program; its failure carries the end of its output. */
export function runToEnd(
  program: string,
  args: readonly string[],
  options: {
    readonly shell: boolean;
    readonly signal: AbortSignal | undefined;
    readonly onLine: (line: string) => void;
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...CLEAN_ENVIRONMENT },
      stdio: ["ignore", "pipe", "pipe"],
      shell: options.shell,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const line = text.trimEnd().split("\n").at(-1) ?? "";
        if (line !== "") options.onLine(line.slice(0, 60));
      });
    }
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) return resolve();
      const tail = output.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n  ");
      reject(new Error(`${program} ended with ${code ?? "a signal"}\n  ${tail}`));
    });
  });
}
