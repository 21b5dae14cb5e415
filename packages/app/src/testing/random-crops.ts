import { random } from "@mien/format";
import sharp from "sharp";
import type { Crop } from "../people/crop-features.ts";

/** Pictures of noise, each with the box of its face; the same for the same seed. */
export async function randomCrops(seed: number, count = 3): Promise<Crop[]> {
  const chance = random("crop", seed);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const pixels = Uint8Array.from({ length: 80 * 80 * 3 }, () => chance.integer(256));
      const raw = { width: 80, height: 80, channels: 3 as const };
      return {
        jpeg: await sharp(pixels, { raw }).jpeg().toBuffer(),
        box: [20, 20, 40, 40] as const,
      };
    }),
  );
}
