import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { CHROMIUM_FLAGS, chromiumEnvironment } from "@mien/bench";

/** Opens a page without a window, in a profile of its own; answers what closes it. */
export async function openChromium(program: string, url: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(path.join(tmpdir(), "mien-chromium-"));
  const flags = ["--headless", ...CHROMIUM_FLAGS, `--user-data-dir=${profile}`];
  const env = chromiumEnvironment(profile);
  const child = spawn(program, [...flags, url], { stdio: "ignore", env });
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
