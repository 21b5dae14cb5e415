import { prepareImages, type ModelInput } from "@mien/format";
import { cut, EXPRESSION_MARGIN, regionOf } from "@mien/runtime";
import sharp from "sharp";
import type { LiveFrame } from "../live/live-engine.ts";

/** What the expression model sees of a face in a frame, as PNG; undefined if it is not in it. */
export async function faceInput(
  live: LiveFrame,
  track: number,
  input: ModelInput,
): Promise<Buffer | undefined> {
  const face = live.result.faces.find((one) => one.track === track);
  if (face === undefined) return undefined;
  const pixels = prepareImages([cut(live.frame, regionOf(face.box, EXPRESSION_MARGIN))], input);
  const { width, height, channels } = input;
  return sharp(Uint8Array.from(pixels, Math.round), {
    raw: { width, height, channels: channels as 1 | 3 },
  })
    .png()
    .toBuffer();
}
