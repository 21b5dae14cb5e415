import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CHROMIUM_FLAGS, chromiumEnvironment, findChromium } from "@mien/bench";
import { MienError } from "@mien/format";
import type { Browser } from "playwright-core";

/**
 * Starts a browser without a window.
 *
 * @param camera the .y4m or .mjpeg file that its camera shows; undefined for none.
 * @throws {MienError} `environment` if there is no browser, or nothing to drive it with.
 */
export async function launchChromium(camera?: string): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new MienError("environment", "neither Chromium nor Chrome is installed", {
      advice: "Install one (on Debian: apt install chromium), or name it with MIEN_CHROMIUM.",
    });
  }
  const { chromium } = await import("playwright-core").catch(() => {
    throw new MienError("environment", "playwright-core, which drives the browser, is missing", {
      advice: "Run this in a clone of mien, after `npm run setup`.",
    });
  });
  const flags = [...CHROMIUM_FLAGS];
  if (camera !== undefined) {
    flags.push("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`);
  }
  const home = mkdtempSync(path.join(tmpdir(), "mien-chromium-"));
  const env = chromiumEnvironment(home);
  const browser = await chromium.launch({ executablePath, args: flags, env });
  // Chromium's own children may still be writing into it.
  browser.once("disconnected", () => {
    rmSync(home, { recursive: true, force: true, maxRetries: 10 });
  });
  return browser;
}
