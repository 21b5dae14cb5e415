import { readFile } from "node:fs/promises";
import path from "node:path";
import { decodeTensors, MienError } from "@mien/format";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { FaceDetector, type RejectedDetection } from "./face-detector.ts";
import { overlap, type Box } from "../image/box.ts";
import { DETECTOR, findYunet } from "../testing/data.ts";
import { halvesModel, spotModel } from "../testing/models.ts";
import { paint, spots } from "../testing/pictures.ts";

/** Face box of the spot model: 0.65 of its width, 1.05 of its height, moved up by 0.12. */
const WIDTH = 1.603231 * 32 * 0.65;
const HEIGHT = 2.094468 * 32 * 1.05;
const UP = 0.12 * 2.094468 * 32;

function expectBox(
  found: readonly number[],
  [centreX, centreY]: readonly [number, number],
  scale = 1,
) {
  const expected = [
    centreX - (WIDTH * scale) / 2,
    centreY - UP * scale - (HEIGHT * scale) / 2,
    WIDTH * scale,
    HEIGHT * scale,
  ];
  found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1));
}

describe("a face detector", () => {
  it("gives boxes in pixels of the picture, best score first", async () => {
    const detector = await FaceDetector.open(spotModel());
    expect(detector.kind).toBe("tiny face detector");
    const picture = spots(416, 320, [
      [64, 96],
      [256, 192],
    ]);
    const faces = await detector.detect(picture);
    expect(faces).toHaveLength(2);
    expectBox(faces[0]!.box, [80, 112]);
    expectBox(faces[1]!.box, [272, 208]);
    expect(faces[0]!.score).toBeGreaterThan(0.99);
    // A picture of twice the size, which is scaled down to half.
    const large = paint(832, 640, (x, y) => {
      const at = (Math.floor(y / 2) * 416 + Math.floor(x / 2)) * 3;
      return [picture.pixels[at]!, picture.pixels[at + 1]!, picture.pixels[at + 2]!];
    });
    const [first] = await detector.detect(large);
    expectBox(first!.box, [160, 224], 2);
    await detector.close();
  });

  it("keeps pictures of different shapes apart in calls that overlap", async () => {
    const detector = await FaceDetector.open(spotModel());
    const bright = paint(416, 416, () => [255, 255, 255]);
    // The detector's input now has padding where the bright picture had pixels.
    const dark = paint(416, 390, () => [0, 0, 0]);
    const [many, none, again] = await Promise.all([
      detector.detect(bright),
      detector.detect(dark),
      detector.detect(spots(416, 390, [[0, 64]])),
    ]);
    expect(many.length).toBeGreaterThan(20);
    expect(none).toEqual([]);
    expect(again).toHaveLength(1);
    await detector.close();
  });

  it("reports what it rejects, with the reason", async () => {
    const rejected: RejectedDetection[] = [];
    const picture = spots(416, 320, [[64, 96]]);
    const strict = await FaceDetector.open(spotModel(), { minSize: 60 });
    expect(await strict.detect(picture, (one) => rejected.push(one))).toEqual([]);
    expect(rejected.map(({ reason }) => reason)).toEqual(["smaller than 60 pixels"]);
    await strict.close();
  });

  it("refuses files that are no face detector, and impossible pictures", async () => {
    for (const [bytes, reason] of [
      [halvesModel(), /is \[N, 8, 8, 1\], its outputs are probabilities \[N, 5\]/],
      [Buffer.from("<!doctype html>"), /onnxruntime cannot load it/],
      [spotModel().subarray(0, 400), /onnxruntime cannot load it/],
    ] as const) {
      const error: unknown = await FaceDetector.open(bytes).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MienError);
      expect(error).toMatchObject({ code: "bad-model" });
      expect((error as MienError).message).toMatch(reason);
    }
    const detector = await FaceDetector.open(spotModel());
    const impossible = [
      { width: 0, height: 0, pixels: new Uint8Array() },
      { width: 4, height: 4, pixels: new Uint8Array(16) },
      {} as ReturnType<typeof paint>,
    ];
    for (const picture of impossible) {
      await expect(detector.detect(picture)).rejects.toThrow(MienError);
    }
    expect(await detector.detect(spots(64, 64, [[0, 0]]))).not.toEqual([]);
    await detector.close();
    await expect(FaceDetector.open(spotModel(), { minScore: 1 })).rejects.toThrow(/minScore/);
    await expect(FaceDetector.open(spotModel(), { threads: 0.5 })).rejects.toThrow(/threads/);
  });

  it("ends running work when it is closed, can be closed twice, and refuses later calls", async () => {
    const detector = await FaceDetector.open(spotModel());
    const picture = spots(64, 64, [[0, 0]]);
    const last = detector.detect(picture);
    await Promise.all([detector.close(), detector.close()]);
    await detector.close();
    expect(await last).not.toEqual([]);
    await expect(detector.detect(picture)).rejects.toMatchObject({ code: "usage" });
  });

  it("takes pictures of any shape, down to one pixel", async () => {
    const detector = await FaceDetector.open(DETECTOR);
    for (const [width, height] of [
      [1, 1],
      [3000, 2],
      [2, 3000],
      [417, 31],
    ] as const) {
      expect(await detector.detect(paint(width, height, () => [9, 9, 9]))).toEqual([]);
    }
    await detector.close();
  });

  /** Drawn faces, and the boxes and scores that libfacedetection gives for them. */
  async function drawnFaces() {
    const file = path.join(path.dirname(DETECTOR), "reference.bin");
    const { tensors } = decodeTensors(await readFile(file), file);
    return [0, 1].map((i) => {
      const { shape, data } = tensors[`detector.${i}.input`]!;
      const rows = Array.from(tensors[`detector.${i}.output`]!.data, Number);
      const faces = Array.from({ length: rows.length / 5 }, (_, k) => {
        const [score = 0, ...box] = rows.slice(5 * k, 5 * k + 5);
        return { score: score / 100, box: box as unknown as Box };
      });
      const picture = {
        width: shape[2]!,
        height: shape[1]!,
        pixels: Uint8Array.from(data, Number),
      };
      return { picture, faces };
    });
  }

  it("finds with the released detector what libfacedetection finds", async () => {
    for (const { picture, faces } of await drawnFaces()) {
      // Without enlargement, as the library.
      const inputSize = Math.max(picture.width, picture.height);
      const detector = await FaceDetector.open(DETECTOR, { inputSize });
      expect(detector.kind).toBe("YuNet");
      const found = await detector.detect(picture);
      const expected = faces.filter(({ score }) => score >= detector.settings.minScore);
      expect(found).toHaveLength(expected.length);
      for (const face of expected) {
        const same = found.find(({ box }) => overlap(box, face.box) > 0.9);
        expect(Math.abs(same!.score - face.score)).toBeLessThan(0.011);
      }
      await detector.close();
    }
  });

  it("finds a face that fills the picture, and small ones only where they are asked for", async () => {
    const [portrait, crowd] = await drawnFaces();
    const detector = await FaceDetector.open(DETECTOR);
    const { pixels, width, height } = portrait!.picture;
    const data = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .resize(5 * width, 5 * height)
      .raw()
      .toBuffer();
    const large = { width: 5 * width, height: 5 * height, pixels: new Uint8Array(data) };
    for (const smallest of [0, 400]) {
      const found = await detector.detect(large, undefined, smallest);
      const [x, y, w, h] = portrait!.faces[0]!.box;
      expect(found).toHaveLength(1);
      expect(overlap(found[0]!.box, [5 * x, 5 * y, 5 * w, 5 * h])).toBeGreaterThan(0.8);
    }
    const widths = async (smallest: number) =>
      (await detector.detect(crowd!.picture, undefined, smallest)).map(({ box }) => box[2]);
    expect(Math.min(...(await widths(0)))).toBeLessThan(25);
    expect(Math.min(...(await widths(90)))).toBeGreaterThan(30);
    await detector.close();
  });

  it.skipIf(findYunet() === undefined)("recognises a YuNet by its outputs", async () => {
    const detector = await FaceDetector.open(findYunet()!);
    expect(detector.kind).toBe("YuNet");
    expect(await detector.detect(paint(640, 480, () => [90, 90, 90]))).toEqual([]);
    await detector.close();
  });
});
