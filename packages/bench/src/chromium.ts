import { existsSync } from "node:fs";
import path from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Chromium or Chrome: `MIEN_CHROMIUM`, else the first on the path; undefined if there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  return process.env["MIEN_CHROMIUM"] ?? files.find((file) => existsSync(file));
}

/**
 * Flags of a Chromium that serves measurements and tests: it asks for no address but this machine's,
 * where it otherwise looks for updates and tells its makers that it runs.
 */
export const CHROMIUM_FLAGS: readonly string[] = [
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
 * The environment of such a Chromium: settings and caches are kept in a folder of ours instead of
 * the user's.
 *
 * @param folder a folder that is deleted afterwards.
 */
export function chromiumEnvironment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
}
