import type { Box, Picture, Recogniser } from "@mien/runtime";
import sharp from "sharp";

/** A picture of a face. */
export interface Crop {
  readonly jpeg: Uint8Array;
  /** The face in the picture, in pixels. */
  readonly box: Box;
}

/** Computes the features of crops, once for each crop. */
export class CropFeatures {
  readonly #recogniser: Recogniser;
  readonly #known = new WeakMap<Uint8Array, Float32Array>();

  constructor(recogniser: Recogniser) {
    this.#recogniser = recogniser;
  }

  /** @returns the features of each crop, float32 [recogniser.length]. */
  async of(crops: readonly Crop[]): Promise<Float32Array[]> {
    const features: Float32Array[] = [];
    for (const { jpeg, box } of crops) {
      let feature = this.#known.get(jpeg);
      if (feature === undefined) {
        const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
        const picture: Picture = { width: info.width, height: info.height, pixels: data };
        [feature] = await this.#recogniser.describe(picture, [box]);
      }
      if (feature === undefined) continue;
      this.#known.set(jpeg, feature);
      features.push(feature);
    }
    return features;
  }
}
