/**
 * Measures `EXPRESSION_MARGIN`: how much around a detector's box FER2013's own images show.
 *
 *     MIEN_DATA=… node --conditions=source --import tsx packages/runtime/src/testing/measure-margin.ts MODEL.onnx [DETECTOR.onnx]
 *
 * PublicTest images, from which no model has learnt, are enlarged onto a larger canvas, on which the detector looks for the face. Where
 * it finds one, the canvas is cut out anew around its box with one margin after the other, and the
 * expression model reads these cuts and the original image.
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
import { cut } from "../image/picture.ts";
import type { Picture } from "../image/shrink.ts";
import { DATA, DETECTOR, widened } from "../testing/data.ts";

const SIDE = 48;
/** What an image is enlarged to, and the canvas around it. */
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

const right = (answers: readonly { expression: string }[]) =>
  answers.filter(({ expression }, i) => classifier.labels[samples[i]!.label] === expression).length;
const percent = (count: number) => `${((100 * count) / samples.length).toFixed(1)} %`;
const direct = await classifier.classify(samples.map(({ original }) => original));
console.log(`right on the original images: ${percent(right(direct))}`);
for (const side of SIDES) {
  for (const down of DOWNS) {
    const cuts = samples.map(({ canvas, box }) => cut(canvas, regionOf(box, { side, down })));
    const answers = await classifier.classify(cuts);
    const same = answers.filter(({ expression }, i) => expression === direct[i]!.expression).length;
    console.log(
      `side ${side}, down ${down}: right ${percent(right(answers))}, same ${percent(same)}`,
    );
  }
}
