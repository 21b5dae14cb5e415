import { writeFile } from "node:fs/promises";
import path from "node:path";
import { synthesize } from "@mien/data";
import { imageAt, USAGES } from "@mien/format";

/** A set on which an epoch of a tiny network takes less than a second. */
export const smallSet = synthesize({ count: 210, seed: 3 });

/** Writes a small data set, `small.csv`, and a space of tiny networks, `tiny.json`. */
export async function writeSmallStudy(folder: string): Promise<void> {
  const set = smallSet;
  const rows = Array.from(set.labels, (label, i) => {
    return `${label},${imageAt(set, i).join(" ")},${USAGES[set.usage[i]!]!}\n`;
  });
  await writeFile(path.join(folder, "small.csv"), `emotion,pixels,Usage\n${rows.join("")}`);
  const space = {
    name: "tiny",
    fixed: { widths: [4, 8, 8, 8], denseUnits: 16, batchSize: 16, precision: "fp32" },
    parameters: {
      learningRate: { type: "float", low: 1e-3, high: 1e-2, log: true },
      dropout: { type: "float", low: 0, high: 0.5 },
    },
  };
  await writeFile(path.join(folder, "tiny.json"), JSON.stringify(space));
}
