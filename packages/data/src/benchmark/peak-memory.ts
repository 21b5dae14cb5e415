import { readFile } from "node:fs/promises";

/**
 * Largest resident memory of this process, in bytes. On Linux, `maxRSS` of a child process includes
 * the memory of its parent, so the peak is read from /proc.
 */
export async function peakMemory(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return 1024 * (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes));
}
