import { copyFile, link, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const NAME = /^(.)-([\d.]+)-(\d+)\.(\w+)$/;

/**
 * Makes a long recording of a short one: its pictures are there only once, under many names.
 *
 * @param options.times how often it is played.
 * @param options.seconds how long it is.
 * @param options.speed how many times as fast it is to be played. Default 1.
 */
export async function repeatRecording(
  from: string,
  to: string,
  options: { readonly times: number; readonly seconds: number; readonly speed?: number },
): Promise<void> {
  const { times, seconds, speed = 1 } = options;
  const names = (await readFile(path.join(from, "INDEX.txt"), "utf8")).trim().split("\n");
  await mkdir(to, { recursive: true });
  await copyFile(path.join(from, "device.json"), path.join(to, "device.json"));
  const index: string[] = [];
  for (let round = 0; round < times; round++) {
    for (const name of names) {
      const [, kind, time, , extension] = NAME.exec(name) as unknown as string[];
      const later = (Number(time) + round * seconds) / speed;
      // The device's clock counts the files here: names must differ.
      const copy = `${kind}-${later.toFixed(6)}-${index.length}.${extension}`;
      await link(path.join(from, name), path.join(to, copy));
      index.push(copy);
    }
  }
  await writeFile(path.join(to, "INDEX.txt"), `${index.join("\n")}\n`);
}
