/**
 * Measures `EXPRESSION_MARGIN`: the margin around a detector's box that FER2013's own images have.
 *
 *     MIEN_DATA=… node --conditions=source --import tsx packages/runtime/src/benchmark/measure-margin.ts MODEL.onnx [DETECTOR.onnx]
 *
 * PublicTest images, which no model was trained on, are enlarged and placed on a larger canvas, in
 * which the face is detected. Around each detected box the canvas is cropped with one margin after
 * the other, and the expression model classifies these crops and the original image.
 */
import { createReadStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { resizeImage, type RawImage } from "@mien/format";
import type { Box } from "../image/box.ts";
import { ExpressionClassifier } from "../expression/expression-classifier.ts";
import { FaceDetector } from "../detect/face-detector.ts";
import { regionOf } from "../image/face-region.ts";
import { crop } from "../image/crop.ts";
import type { Picture } from "../image/picture.ts";
import { DATA, DETECTOR, widened } from "../testing/data.ts";

const SIDE = 48;
/** Side of the enlarged image and of the canvas around it, in pixels. */
const [ENLARGED, CANVAS] = [120, 416];
const SIDES = [1.0, 1.1, 1.15, 1.2, 1.27, 1.35, 1.45];
const DOWNS = [-0.04, 0, 0.04, 0.08];

const [model, detectorFile = DETECTOR] = process.argv.slice(2);
if (DATA === undefined || model === undefined) throw new Error("set MIEN_DATA and name a model");
const classifier = await ExpressionClassifier.open(model);
const detector = await FaceDetector.open(detectorFile, { inputSize: CANVAS });

interface Sample {
  readonly label: number;
  readonly original: RawImage;
  readonly canvas: Picture;
  readonly box: Box;
}

const samples: Sample[] = [];
let tried = 0;
const file = createReadStream(path.join(DATA, "fer2013.csv.gz"));
for await (const line of createInterface({ input: file.pipe(createGunzip()) })) {
  const [label, pixels = "", usage = ""] = line.split(",");
  if (!usage.startsWith("PublicTest")) continue;
  tried++;
  const data = Float32Array.from(pixels.split(" "), Number);
  const image = { width: SIDE, height: SIDE, channels: 1, data };
  const large = Uint8Array.from(resizeImage(image, ENLARGED, ENLARGED));
  const edge = (CANVAS - ENLARGED) / 2;
  const canvas = widened({ width: ENLARGED, height: ENLARGED, data: large }, edge);
  const isNear = ([x, y, w, h]: Box) =>
    Math.max(Math.abs(x + w / 2 - CANVAS / 2), Math.abs(y + h / 2 - CANVAS / 2)) < ENLARGED / 2;
  const face = (await detector.detect(canvas)).find(({ box }) => isNear(box));
  if (face === undefined) continue;
  const original = { ...image, channels: 1 as const, data: Uint8Array.from(data) };
  samples.push({ label: Number(label), original, canvas, box: face.box });
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]?.toFixed(3);
const size = ({ box }: Sample) => Math.sqrt(box[2] * box[3]);
console.log(`${detector.kind}: ${samples.length} of ${tried} faces found`);
console.log(
  `side of the image / √(width · height): ${median(samples.map((s) => ENLARGED / size(s)))}`,
);
console.log(
  "centre of the image below that of the box, / √(width · height):",
  median(samples.map((s) => (CANVAS / 2 - s.box[1] - s.box[3] / 2) / size(s))),
);

const countCorrect = (results: readonly { expression: string }[]) =>
  results.filter(({ expression }, i) => classifier.labels[samples[i]?.label ?? -1] === expression)
    .length;
const percent = (count: number) => `${((100 * count) / samples.length).toFixed(1)} %`;
const direct = await classifier.classify(samples.map(({ original }) => original));
console.log(`right on the original images: ${percent(countCorrect(direct))}`);
for (const side of SIDES) {
  for (const down of DOWNS) {
    const crops = samples.map(({ canvas, box }) => crop(canvas, regionOf(box, { side, down })));
    const results = await classifier.classify(crops);
    const same = results.filter(({ expression }, i) => expression === direct[i]?.expression).length;
    console.log(
      `side ${side}, down ${down}: right ${percent(countCorrect(results))}, same ${percent(same)}`,
    );
  }
}
