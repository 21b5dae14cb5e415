import path from "node:path";
import { dataFolder } from "@mien/cli";
import { MienError } from "@mien/format";
import { crop, FaceDetector, regionOf, type Picture } from "@mien/runtime";
import sharp from "sharp";
import { decodeImage } from "@mien/camera";

/** Makes pictures that show the same face several times. */
export interface SceneMaker {
  /** A picture of this size with this number of faces in a grid, as large as possible. */
  scene(layout: {
    readonly width: number;
    readonly height: number;
    readonly faces: number;
  }): Promise<Picture>;
}

/**
 * Cuts the face out of a photograph to make scenes of it.
 *
 * @param photo file of the photograph; undefined for a photograph in the folder `MIEN_DATA`.
 * @param detector file of the face detector.
 * @throws {MienError} `usage` without any photograph, `bad-data` if there is no face in it.
 */
export async function openSceneMaker(
  photo: string | undefined,
  detector: string,
): Promise<SceneMaker> {
  const data = photo === undefined ? await dataFolder() : undefined;
  const file = photo ?? (data && path.join(data, "faces/scene_astronaut.jpg"));
  if (!file) {
    throw new MienError("usage", "a photograph of a face is needed", {
      advice: "Give a photograph with --photo FILE.",
    });
  }
  const { width, height, data: pixels } = await decodeImage(file);
  const picture = { width, height, pixels: new Uint8Array(pixels) };
  const finder = await FaceDetector.open(detector);
  const [face] = await finder.detect(picture).finally(() => finder.close());
  if (face === undefined) {
    throw new MienError("bad-data", `no face is found in ${file}`, {
      advice: "Give another photograph.",
    });
  }
  // The head with hair and neck, since detectors are trained on photographs of whole heads.
  const head = crop(picture, regionOf(face.box, { side: 2.2, down: 0.1 }));
  const raw = { width: head.width, height: head.height, channels: 3 } as const;
  return {
    async scene({ width, height, faces }) {
      const columns = Math.ceil(Math.sqrt((faces * width) / height));
      const rows = Math.max(1, Math.ceil(faces / columns));
      const side = Math.floor(Math.min(width / Math.max(columns, 2), height / Math.max(rows, 2)));
      const one = await sharp(head.data, { raw }).resize(side, side).raw().toBuffer();
      const composed = Array.from({ length: faces }, (_, i) => ({
        input: one,
        raw: { width: side, height: side, channels: 3 as const },
        left: Math.floor(((i % columns) + 0.5) * (width / columns) - side / 2),
        top: Math.floor((Math.floor(i / columns) + 0.5) * (height / rows) - side / 2),
      }));
      const background = { r: 96, g: 104, b: 112 };
      const pixels = await sharp({ create: { width, height, channels: 3, background } })
        .composite(composed)
        .removeAlpha()
        .raw()
        .toBuffer();
      return { width, height, pixels: new Uint8Array(pixels) };
    },
  };
}
