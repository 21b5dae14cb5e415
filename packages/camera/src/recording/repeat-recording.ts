import { copyFile, link, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { MienError } from "@mien/format";

/** The name of a picture: kind, seconds, the device's clock, extension. */
const NAME = /^(.)-([\d.]+)-(\d+)\.(\w+)$/;

/**
 * Makes a long recording from a short one by repeating it. The pictures are hard links, so they take no
 * more space.
 *
 * @param options.times how often it is repeated.
 * @param options.seconds length of the short recording.
 * @param options.speed factor by which the copy plays faster. Default 1.
 * @throws {MienError} `bad-data` if its index holds anything but pictures.
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
      const [, kind, time, , extension] = NAME.exec(name) ?? [];
      if (kind === undefined) throw new MienError("bad-data", `${from}/INDEX.txt names "${name}"`);
      const later = (Number(time) + round * seconds) / speed;
      // The number of the file replaces the device's clock, so that all names differ.
      const copy = `${kind}-${later.toFixed(6)}-${index.length}.${extension ?? ""}`;
      await link(path.join(from, name), path.join(to, copy));
      index.push(copy);
    }
  }
  await writeFile(path.join(to, "INDEX.txt"), `${index.join("\n")}\n`);
}
