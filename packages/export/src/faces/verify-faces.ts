import {
  encodeTensors,
  itemAt,
  MienError,
  random,
  type NamedTensor,
  type TensorFile,
} from "@mien/format";
import { runOnnx } from "@mien/runtime";
import { DETECTOR_DECODE } from "./detector.ts";
import { drawFaces, type DrawnFace } from "./drawn-faces.ts";
import { runFaceApi } from "./face-api.ts";
import type { FaceNet } from "./face-models.ts";
import { type LibraryFace, runLibfacedetection } from "./libfacedetection.ts";

/** The largest accepted max |a − b| / max(1, max |b|) of an embedding; b is face-api's. */
const FACE_TOLERANCE = 1e-4;
/** libfacedetection keeps faces with a score above this. */
const LIBRARY_SCORE = 0.5;
/** libfacedetection removes a box that overlaps a better one more than this. */
const LIBRARY_OVERLAP = 0.3;
/**
 * The largest accepted difference of a box's sides from libfacedetection's, in pixels, and of a
 * score. It rounds boxes to whole pixels and scores to whole percent, down.
 */
const BOX_TOLERANCE = 1.01;
const SCORE_TOLERANCE = 0.0101;

/** The input shape that the embeddings are compared on. */
const EMBEDDING_SHAPE = [2, 150, 150, 3] as const;

const LIGHT = [235, 190, 160] as const;
const DARK = [150, 100, 75] as const;
/** The pictures that detections are compared on: faces of 20 to 110 pixels, and none. */
const SCENES: readonly {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly DrawnFace[];
}[] = [
  { width: 192, height: 160, faces: [{ x: 96, y: 72, radius: 60, skin: LIGHT }] },
  {
    width: 256,
    height: 192,
    faces: [
      { x: 60, y: 70, radius: 30, skin: LIGHT },
      { x: 150, y: 60, radius: 16, skin: DARK },
      { x: 200, y: 120, radius: 40, skin: DARK },
      { x: 110, y: 140, radius: 9, skin: LIGHT },
    ],
  },
  { width: 96, height: 64, faces: [] },
];

/** A comparison of one model with its original on one input. */
export interface FaceComparison {
  readonly net: FaceNet;
  /** [N, height, width, 3] */
  readonly shape: readonly number[];
  /**
   * Embedding: max |a − b| / max(1, max |b|) of the output; b is face-api's. Detector: the largest
   * difference of a box's side in pixels.
   */
  readonly difference: number;
}

/**
 * Inputs and the outputs of the original programs for these, so that the comparison can be repeated
 * without them.
 */
export type FaceReference = readonly {
  readonly net: FaceNet;
  /** [N, height, width, 3] */
  readonly shape: readonly number[];
  /** RGB, 0–255. */
  readonly pixels: Uint8Array;
  /** Embeddings [N, 128]; or faces [F, 5] of libfacedetection: score in percent, x, y, width, height. */
  readonly output: NamedTensor;
}[];

/**
 * Runs libfacedetection on drawn faces and face-api on generated images.
 *
 * @param folders of the two packages.
 */
export async function makeReference(
  folders: { readonly libfacedetection: string; readonly faceApi: string },
  signal?: AbortSignal,
): Promise<FaceReference> {
  const scenes = SCENES.map(({ faces, ...size }) => ({ ...size, pixels: drawFaces(size, faces) }));
  const found = await runLibfacedetection(folders.libfacedetection, scenes, signal);
  const request = { shape: EMBEDDING_SHAPE, pixels: picture(EMBEDDING_SHAPE, 2) };
  const [output] = await runFaceApi(folders.faceApi, [request], signal);
  if (output === undefined) throw new MienError("environment", "face-api returned no output");
  return [
    ...scenes.map(({ width, height, pixels }, i) => ({
      net: "detector" as const,
      shape: [1, height, width, 3],
      pixels,
      output: facesTensor(itemAt(found, i)),
    })),
    { net: "embedding", ...request, output },
  ];
}

/** Encodes the reference as safetensors: `detector.0.input`, `detector.0.output` and so on. */
export function encodeReference(reference: FaceReference): Uint8Array[] {
  const tensors: Record<string, NamedTensor> = {};
  reference.forEach(({ net, shape, pixels, output }, i) => {
    tensors[`${net}.${i}.input`] = { shape, data: pixels };
    tensors[`${net}.${i}.output`] = output;
  });
  return encodeTensors({ tensors, metadata: {} });
}

/**
 * Decodes a reference that `encodeReference` wrote.
 *
 * @internal
 */
export function decodeReference({ tensors }: TensorFile): FaceReference {
  return Object.entries(tensors).flatMap(([name, { shape, data }]) => {
    const [net, i = "", role] = name.split(".");
    const output = tensors[`${net}.${i}.output`];
    if (net !== "detector" && net !== "embedding") return [];
    if (role !== "input" || output === undefined || !(data instanceof Uint8Array)) return [];
    return [{ net, shape, pixels: data, output }];
  });
}

/**
 * Compares the ONNX models with the reference.
 *
 * @param models the content of the two files.
 * @throws {MienError} `mismatch` if an embedding differs by more than 1e-4, if a face is missing or
 * too many, or if a box differs by more than a pixel or a score by more than 1 %.
 */
export async function compareFaces(
  models: Readonly<Record<FaceNet, Uint8Array>>,
  reference: FaceReference,
): Promise<FaceComparison[]> {
  const comparisons: FaceComparison[] = [];
  for (const { net, shape, pixels, output } of reference) {
    const [found] = await runOnnx(models[net], [{ shape, data: Float32Array.from(pixels) }]);
    const difference =
      net === "detector"
        ? boxDifference(decodeDetector(found, shape), output)
        : differenceOf(found, output);
    comparisons.push({ net, shape, difference });
    const [tolerance, original] =
      net === "detector" ? [BOX_TOLERANCE, "libfacedetection"] : [FACE_TOLERANCE, "face-api"];
    if (difference <= tolerance) continue;
    throw new MienError(
      "mismatch",
      `the ${net} differs from ${original} by ${difference.toExponential(1)} on [${shape.join(", ")}], ` +
        `at most ${tolerance} is allowed`,
    );
  }
  return comparisons;
}

/** A face as the detector's output gives it. */
interface DecodedFace {
  /** 0–1. */
  readonly score: number;
  readonly box: readonly [number, number, number, number];
}

/**
 * Decodes the detector's output as libfacedetection does. It shares no code with the runtime, so that
 * each checks the other.
 */
function decodeDetector(output: NamedTensor | undefined, shape: readonly number[]): DecodedFace[] {
  const [, height = 0, width = 0] = shape;
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const faces: DecodedFace[] = [];
  let cell = 0;
  for (const stride of DETECTOR_DECODE.strides) {
    for (let top = 0; top < height; top += stride) {
      for (let left = 0; left < width; left += stride, cell++) {
        const value = (i: number) => Number(output?.data[6 * cell + i]);
        const score = Math.sqrt(sigmoid(value(0)) * sigmoid(value(1)));
        const [w, h] = [stride * Math.exp(value(4)), stride * Math.exp(value(5))];
        const x = left + stride * value(2) - w / 2;
        const y = top + stride * value(3) - h / 2;
        if (score > LIBRARY_SCORE) faces.push({ score, box: [x, y, w, h] });
      }
    }
  }
  faces.sort((a, b) => b.score - a.score);
  const kept: DecodedFace[] = [];
  for (const face of faces) {
    if (kept.every(({ box }) => overlapOf(box, face.box) <= LIBRARY_OVERLAP)) kept.push(face);
  }
  return kept;
}

function overlapOf(a: DecodedFace["box"], b: DecodedFace["box"]): number {
  const across = Math.max(0, Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]));
  const down = Math.max(0, Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]));
  return (across * down) / (a[2] * a[3] + b[2] * b[3] - across * down);
}

function facesTensor(faces: readonly LibraryFace[]): NamedTensor {
  const data = Float32Array.from(faces.flatMap(({ score, box }) => [score, ...box]));
  return { shape: [faces.length, 5], data };
}

/** The largest difference of a box's side in pixels; Infinity if the faces or their scores differ. */
function boxDifference(found: readonly DecodedFace[], { shape, data }: NamedTensor): number {
  if (shape[0] !== found.length) return Infinity;
  let difference = 0;
  const free = new Set(found.keys());
  for (let i = 0; i < found.length; i++) {
    const row = Array.from(data.subarray(5 * i, 5 * i + 5), Number);
    const distances = [...free].map((k) => {
      const box = found[k]?.box ?? [];
      return [k, Math.max(...box.map((side, j) => Math.abs(side - (row[j + 1] ?? 0))))] as const;
    });
    const [nearest = -1, distance = Infinity] = distances.sort((a, b) => a[1] - b[1])[0] ?? [];
    free.delete(nearest);
    const score = found[nearest]?.score ?? Infinity;
    if (Math.abs(score - (row[0] ?? 0) / 100) > SCORE_TOLERANCE) return Infinity;
    difference = Math.max(difference, distance);
  }
  return difference;
}

function differenceOf(found: NamedTensor | undefined, expected: NamedTensor): number {
  if (found?.shape.join() !== expected.shape.join()) return Infinity;
  let largest = 1;
  let difference = 0;
  expected.data.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(value - Number(found.data[i])));
  });
  return Number.isFinite(difference) ? difference / largest : Infinity;
}

/** An image of smooth waves of colour with added noise. */
function picture(shape: readonly number[], seed: number): Uint8Array {
  const [count = 0, height = 0, width = 0] = shape;
  const stream = random(seed, "face pictures");
  const pixels = new Uint8Array(count * height * width * 3);
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const wave = Math.sin(x / 17 + (i % 3)) + Math.cos(y / 23 - (i % 3));
    pixels[i] = Math.max(0, Math.min(255, 128 + 50 * wave + 20 * stream.normal()));
  }
  return pixels;
}
