import { existsSync } from "node:fs";
import path from "node:path";
import { MienError } from "@mien/format";
import type { Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Chromium or Chrome: `MIEN_CHROMIUM`, else the first on the path. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return process.env["MIEN_CHROMIUM"] ?? files.find((file) => existsSync(file));
}

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
  const flags = ["--no-sandbox", "--disable-gpu", "--no-first-run"];
  if (camera !== undefined) {
    flags.push("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`);
  }
  return chromium.launch({ executablePath, args: flags });
}
