import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { MienError } from "@mien/format";
import type { Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * Chromium or Chrome: `MIEN_CHROMIUM`, else the first on the path; undefined if there is none.
 *
 * @internal
 */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return process.env["MIEN_CHROMIUM"] ?? files.find((file) => existsSync(file));
}

/**
 * Flags of a Chromium that serves measurements and tests. It may connect to this machine only;
 * without this limit, it looks for updates and reports its use to its makers.
 */
const FLAGS: readonly string[] = [
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  // Chromium refuses to run as root in its sandbox.
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

/**
 * Starts Chromium without a window. It keeps settings and caches in a temporary folder, which is
 * deleted when it ends, and connects to this machine only.
 *
 * @param options.camera the .y4m or .mjpeg file that its camera shows; without it there is no camera.
 * @throws {MienError} `environment` if there is no Chromium, or no playwright-core to control it with.
 */
export async function launchChromium(
  options: { readonly camera?: string | undefined } = {},
): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new MienError("environment", "neither Chromium nor Chrome is installed", {
      advice: "Install one (on Debian: apt install chromium), or name it with MIEN_CHROMIUM.",
    });
  }
  const { chromium } = await import("playwright-core").catch(() => {
    throw new MienError("environment", "playwright-core, which controls the browser, is missing", {
      advice: "Run this in a clone of mien, after `npm run setup`.",
    });
  });
  const { camera } = options;
  const cameraFlags =
    camera === undefined
      ? []
      : ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`];
  const home = mkdtempSync(path.join(tmpdir(), "mien-chromium-"));
  const browser = await chromium.launch({
    executablePath,
    args: [...FLAGS, ...cameraFlags],
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
  });
  browser.once("disconnected", () => {
    // Chromium's own children may still be writing into it.
    rmSync(home, { recursive: true, force: true, maxRetries: 10 });
  });
  return browser;
}
