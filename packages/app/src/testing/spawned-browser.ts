import { execFileSync } from "node:child_process";
import { findChromium } from "@mien/bench";

/** A Chromium without a window that another program starts. */
export interface SpawnedBrowser {
  /** The program and its flags; the address follows. */
  readonly command: readonly [string, ...string[]];
  /** Kills the Chromium that uses the profile. */
  kill(): void;
}

/** @param profile the folder of its profile, by which its process is found. */
export function spawnedBrowser(profile: string): SpawnedBrowser {
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const flags = ["--headless=new", "--disable-gpu", "--no-first-run", ...sandbox];
  return {
    command: [findChromium() ?? "chromium", ...flags, `--user-data-dir=${profile}`],
    kill() {
      const lines = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
      for (const line of lines) {
        const [, pid, words = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
        const isMain = words.includes(`--user-data-dir=${profile}`) && !words.includes("--type=");
        if (isMain) process.kill(Number(pid), "SIGKILL");
      }
    },
  };
}
