import { readdir } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createPipeline } from "./pipeline.ts";
import { overlap } from "./image/box.ts";
import { DATA, DETECTOR, faceBoxes, findYunet } from "./testing/data.ts";
import { halvesModel } from "./testing/models.ts";

describe.skipIf(DATA === undefined)("a pipeline on photographs", () => {
  async function score(detector: string) {
    const folder = path.join(DATA!, "faces");
    const boxes = faceBoxes();
    const pipeline = await createPipeline({ expression: halvesModel(), detector, stills: true });
    let [faces, found, falseAlarms] = [0, 0, 0];
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".jpg"))) {
      const { data, info } = await sharp(path.join(folder, file))
        .toColourspace("srgb")
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const result = await pipeline.process({
        width: info.width,
        height: info.height,
        pixels: data,
      });
      const known = boxes[file] ?? [];
      faces += known.length;
      found += known.filter((box) => result.faces.some((f) => overlap(f.box, box) >= 0.3)).length;
      falseAlarms += result.faces.filter((f) => known.every((b) => overlap(f.box, b) < 0.3)).length;
    }
    await pipeline.close();
    return { faces, found, falseAlarms };
  }

  it("finds at least 24 of 25 faces, with at most one false alarm", async () => {
    const { faces, found, falseAlarms } = await score(DETECTOR);
    expect(faces).toBe(25);
    expect(found).toBeGreaterThanOrEqual(24);
    expect(falseAlarms).toBeLessThanOrEqual(1);
  });

  it.skipIf(findYunet() === undefined)(
    "finds all of them with a YuNet, with at most one false alarm",
    async () => {
      const { found, falseAlarms } = await score(findYunet()!);
      expect(found).toBe(25);
      expect(falseAlarms).toBeLessThanOrEqual(1);
    },
  );
});
