import { copyFile, link, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const NAME = /^(.)-([\d.]+)-(\d+)\.(\w+)$/;

/**
 * Makes a long recording of a short one: its pictures are there only once, under many names.
 *
 * @param times how often it is played.
 * @param seconds how long it is; 0 to play without waiting.
 */
export async function repeatRecording(
  from: string,
  to: string,
  times: number,
  seconds: number,
): Promise<void> {
  const names = (await readFile(path.join(from, "INDEX.txt"), "utf8")).trim().split("\n");
  await mkdir(to, { recursive: true });
  await copyFile(path.join(from, "device.json"), path.join(to, "device.json"));
  const index: string[] = [];
  for (let round = 0; round < times; round++) {
    for (const name of names) {
      const [, kind, time, clock, extension] = NAME.exec(name) as unknown as string[];
      const later = seconds === 0 ? 1e9 : Number(time) + round * seconds;
      const ticks = (Number(clock) + round * 100e6) >>> 0;
      const copy = `${kind}-${later.toFixed(6)}-${ticks}.${extension}`;
      await link(path.join(from, name), path.join(to, copy));
      index.push(copy);
    }
  }
  await writeFile(path.join(to, "INDEX.txt"), `${index.join("\n")}\n`);
}
