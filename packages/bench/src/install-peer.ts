import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { cacheFolder, type Terminal } from "@mien/cli";
import { MienError, messageOf } from "@mien/format";

/** How the packages of a comparison are installed. */
export interface PeerOptions {
  /** Prints what is installed, into which folder, and the progress. */
  readonly terminal: Terminal;
  /** Stops the installation and deletes its files. */
  readonly signal?: AbortSignal | undefined;
}

export const isWindows = process.platform === "win32";

/** Runs a program of the installation. */
type Run = (program: string, args: readonly string[], shell?: boolean) => Promise<void>;

/** What is installed, and how. */
export interface Installation {
  /** Part of the folder's name: `npm` or `python`. */
  readonly kind: string;
  /** Everything that determines the installation; another list makes another folder. */
  readonly contents: readonly string[];
  /** Fills the temporary folder, which is renamed afterwards. */
  readonly fill: (folder: string, run: Run) => Promise<void>;
}

/**
 * Returns the folder of an installation in the cache folder, and makes it if it is missing. It is
 * complete or missing.
 *
 * @throws {MienError} `environment` if a program fails; `interrupted`.
 */
export async function installPeer(
  { kind, contents, fill }: Installation,
  { terminal, signal }: PeerOptions,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(contents)).digest("hex").slice(0, 12);
  const folder = path.join(cacheFolder(), `peer-${kind}-${hash}`);
  if (existsSync(folder)) return folder;
  const temporary = `${folder}.${process.pid}.part`;
  const what = contents.filter((word) => /[=@]/.test(word)).join(" ");
  terminal.say(`installing ${what} into ${folder}, once`);
  const bar = terminal.progress("install", 2);
  let steps = 0;
  try {
    await mkdir(cacheFolder(), { recursive: true });
    await fill(temporary, async (program, args, shell = false) => {
      const onLine = (line: string) => bar.update(steps, line);
      await runToEnd(program, args, { shell, signal, onLine });
      steps++;
    });
    await rename(temporary, folder).catch((error: unknown) => {
      // Another process has installed the same in the meantime.
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
    await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Overrides the user's settings of the folder into which pip installs. The settings of the download
 * (index, proxy) are kept.
 */
const INSTALL_ENVIRONMENT = {
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

/**
 * Runs a program to its end. If the program fails, the error contains the last lines of its output.
 */
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
      env: { ...process.env, ...INSTALL_ENVIRONMENT },
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
