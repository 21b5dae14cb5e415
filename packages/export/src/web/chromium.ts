import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** Chromium or Chrome: `MIEN_CHROMIUM`, else the first on the path; undefined if there is none. */
export function findChromium(): string | undefined {
  const named = process.env["MIEN_CHROMIUM"];
  if (named !== undefined) return named;
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    try {
      return execFileSync("which", [name], { encoding: "utf8", stdio: "pipe" }).trim();
    } catch {
      // The next name.
    }
  }
  return undefined;
}

/** Opens a page without a window, in a profile of its own; answers what closes it. */
export async function openChromium(program: string, url: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(path.join(tmpdir(), "mien-chromium-"));
  const flags = ["--headless", "--no-first-run", "--disable-gpu", `--user-data-dir=${profile}`];
  // Chromium refuses to run as root in its sandbox.
  if (process.getuid?.() === 0) flags.push("--no-sandbox");
  const child = spawn(program, [...flags, url], { stdio: "ignore" });
  const ended = new Promise((resolve) => {
    child.once("close", resolve);
    child.once("error", resolve);
  });
  return async () => {
    child.kill();
    await ended;
    // Chromium's own children may still be writing into it.
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  };
}
