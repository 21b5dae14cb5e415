import { prepareImages, type ModelInput } from "@mien/format";
import { crop, EXPRESSION_MARGIN, regionOf } from "@mien/runtime";
import sharp from "sharp";
import type { LiveFrame } from "../live/live-frame.ts";

/** The input of the expression model for a face of a frame, as PNG; undefined without that face. */
export async function faceInput(
  live: LiveFrame,
  track: number,
  input: ModelInput,
): Promise<Buffer | undefined> {
  const face = live.result.faces.find((one) => one.track === track);
  if (face === undefined) return undefined;
  const pixels = prepareImages([crop(live.frame, regionOf(face.box, EXPRESSION_MARGIN))], input);
  const { width, height } = input;
  const channels = input.channels === 1 ? 1 : 3;
  return sharp(Uint8Array.from(pixels, Math.round), { raw: { width, height, channels } })
    .png()
    .toBuffer();
}
