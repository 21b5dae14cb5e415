import { homedir } from "node:os";
import path from "node:path";

/**
 * The folder for downloads that all checkouts share: `MIEN_CACHE`, else `mien` in the user's cache
 * folder.
 */
export function cacheFolder(): string {
  const { MIEN_CACHE, XDG_CACHE_HOME } = process.env;
  if (MIEN_CACHE) return path.resolve(MIEN_CACHE);
  return path.join(XDG_CACHE_HOME || path.join(homedir(), ".cache"), "mien");
}
