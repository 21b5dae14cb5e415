import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { median, stopIfAborted } from "@mien/bench";
import { resizeImage, type RawImage } from "@mien/format";
import { FaceDetector } from "../detect/face-detector.ts";
import { ExpressionClassifier } from "../expression/expression-classifier.ts";
import type { Box } from "../image/box.ts";
import { regionOf } from "../image/face-region.ts";
import { crop } from "../image/crop.ts";
import type { Picture } from "../image/picture.ts";
import { widened } from "../testing/data.ts";

/** FER2013's labels in the order of their numbers. */
const LABELS = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];
/** Width and height of FER2013's images, in pixels. */
const SIDE = 48;
/** Side of an enlarged image, and of the canvas around it, in pixels. */
const [ENLARGED, CANVAS] = [120, 416];
const SIDES = [1.0, 1.1, 1.15, 1.2, 1.27, 1.35, 1.45];
const DOWNS = [-0.04, 0, 0.04, 0.08];
/** Number of images in PublicTest of FER2013, for the progress. */
const EXPECTED = 3589;

/** An image in which a face was found. */
interface Sample {
  readonly label: string;
  readonly original: RawImage;
  readonly canvas: Picture;
  readonly box: Box;
}

/** How expressions are read with one margin around the detector's box. */
interface MarginRow {
  /** As in `Margin`, in box sizes √(width · height). */
  readonly side: number;
  readonly down: number;
  /** Share of images, 0–1, for which the predicted class is the label. */
  readonly right: number;
  /** Share of images, 0–1, for which the predicted class is the same as for the original image. */
  readonly same: number;
}

/** The result of `measureMargins`. */
interface MarginBenchmark {
  readonly detector: string;
  /** Number of images of PublicTest, and the number of images in which a face was found. */
  readonly images: number;
  readonly found: number;
  /** Side of the image in box sizes √(width · height); median. */
  readonly side: number;
  /** How far the centre of the image is below the centre of the box, in box sizes; median. */
  readonly down: number;
  /** Share of the original images, 0–1, for which the predicted class is the label. */
  readonly right: number;
  readonly rows: readonly MarginRow[];
}

/**
 * Measures `EXPRESSION_MARGIN`: how much FER2013's own images show around the detector's box.
 *
 * The images of PublicTest, on which no model was trained, are enlarged and placed on a larger
 * canvas, in which the face is detected. If a face is found, the canvas is cropped around its box
 * with each margin in turn, and the expression model classifies the crops and the original image.
 *
 * @param options.csv fer2013.csv.gz.
 * @param options.model file of the expression model.
 * @param options.detector file of the face detector.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function measureMargins(options: {
  readonly csv: string;
  readonly model: string;
  readonly detector: string;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
}): Promise<MarginBenchmark> {
  const { signal, onProgress } = options;
  const classifier = await ExpressionClassifier.open(options.model);
  const detector = await FaceDetector.open(options.detector, { inputSize: CANVAS });
  try {
    const { images, samples } = await findFaces(options.csv, { detector, signal, onProgress });
    const share = (isCounted: (sample: Sample, i: number) => boolean) =>
      samples.filter(isCounted).length / samples.length;
    const size = ({ box }: Sample) => Math.sqrt(box[2] * box[3]);
    const direct = await classifier.classify(samples.map(({ original }) => original));
    const rows: MarginRow[] = [];
    for (const side of SIDES) {
      for (const down of DOWNS) {
        stopIfAborted(signal);
        const cuts = samples.map(({ canvas, box }) => crop(canvas, regionOf(box, { side, down })));
        const answers = await classifier.classify(cuts);
        rows.push({
          side,
          down,
          right: share(({ label }, i) => label === answers[i]?.expression),
          same: share((_, i) => answers[i]?.expression === direct[i]?.expression),
        });
        onProgress(0.5 + (0.5 * rows.length) / (SIDES.length * DOWNS.length));
      }
    }
    return {
      detector: detector.kind,
      images,
      found: samples.length,
      side: median(samples.map((sample) => ENLARGED / size(sample))),
      down: median(
        samples.map((sample) => (CANVAS / 2 - sample.box[1] - sample.box[3] / 2) / size(sample)),
      ),
      right: share(({ label }, i) => label === direct[i]?.expression),
      rows,
    };
  } finally {
    await detector.close();
    await classifier.close();
  }
}

async function findFaces(
  csv: string,
  options: {
    readonly detector: FaceDetector;
    readonly signal: AbortSignal;
    readonly onProgress: (share: number) => void;
  },
): Promise<{ images: number; samples: Sample[] }> {
  const { detector, signal, onProgress } = options;
  const samples: Sample[] = [];
  let images = 0;
  const lines = createInterface({ input: createReadStream(csv).pipe(createGunzip()) });
  for await (const line of lines) {
    const [number, pixels = "", usage = ""] = line.split(",");
    if (!usage.startsWith("PublicTest")) continue;
    stopIfAborted(signal);
    onProgress((0.5 * ++images) / EXPECTED);
    const data = Uint8Array.from(pixels.split(" "), Number);
    const original: RawImage = { width: SIDE, height: SIDE, channels: 1, data };
    const large = Uint8Array.from(
      resizeImage({ ...original, data: Float32Array.from(data) }, ENLARGED, ENLARGED),
    );
    const edge = (CANVAS - ENLARGED) / 2;
    const canvas = widened({ width: ENLARGED, height: ENLARGED, data: large }, edge);
    const face = (await detector.detect(canvas)).find(({ box }) => isNearCentre(box));
    const label = LABELS[Number(number)];
    if (label === undefined || face === undefined) continue;
    samples.push({ label, original, canvas, box: face.box });
  }
  return { images, samples };
}

function isNearCentre([x, y, w, h]: Box): boolean {
  return (
    Math.max(Math.abs(x + w / 2 - CANVAS / 2), Math.abs(y + h / 2 - CANVAS / 2)) < ENLARGED / 2
  );
}
