import { writeFile } from "node:fs/promises";
import { synthesize } from "@mien/data";
import { imageAt, officialSplit, USAGES, type ImageSet } from "@mien/format";
import { resolveConfig } from "../config.ts";

/** A synthetic set on which a small network reduces its loss within seconds. */
export const smallSet: ImageSet = synthesize({ count: 210, seed: 3 });

export const smallSplit = officialSplit(smallSet);

/** The configuration of a small network with dropout and augmentation. */
export const smallConfig = resolveConfig({
  epochs: 3,
  batchSize: 16,
  learningRate: 3e-3,
  widths: [4, 8, 8, 8],
  denseUnits: 16,
  convDropout: 0.1,
  dropout: 0.2,
  precision: "fp32",
});

/** `smallConfig` as flags of `train:fit`. */
export const smallFlags = Object.entries(smallConfig).flatMap(([name, value]) => [
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  String(value),
]);

/** Writes a set as a CSV in FER2013's format. */
export async function writeCsv(file: string, set: ImageSet): Promise<void> {
  const rows = Array.from(set.labels, (label, i) => {
    return `${label},${imageAt(set, i).join(" ")},${USAGES[set.usage[i]!]!}\n`;
  });
  await writeFile(file, `emotion,pixels,Usage\n${rows.join("")}`);
}
