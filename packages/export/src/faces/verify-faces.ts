import {
  encodeTensors,
  itemAt,
  MienError,
  random,
  type NamedTensor,
  type TensorFile,
} from "@mien/format";
import { runOnnx } from "@mien/runtime";
import { runFaceApi, type FaceNet, type FaceRequest } from "./face-api.ts";

/** The largest accepted max |a − b| / max(1, max |b|) of an output; b is face-api's. */
const FACE_TOLERANCE = 1e-4;

/** The input shapes that the models are compared on; the detector takes every multiple of 32. */
const REQUESTS: readonly Omit<FaceRequest, "pixels">[] = [
  { net: "detector", shape: [1, 96, 128, 3] },
  { net: "detector", shape: [2, 64, 32, 3] },
  { net: "embedding", shape: [2, 150, 150, 3] },
];

/** A comparison of one model with face-api on one batch. */
export interface FaceComparison {
  readonly net: FaceNet;
  /** [N, height, width, 3] */
  readonly shape: readonly number[];
  /** max |a − b| / max(1, max |b|) of the output; b is face-api's. */
  readonly difference: number;
}

/**
 * Inputs, and face-api's outputs for these, so that the comparison can be repeated without
 * face-api.
 */
export type FaceReference = readonly {
  readonly request: FaceRequest;
  readonly output: NamedTensor;
}[];

/** Runs face-api on generated images, see `picture`. */
export async function makeReference(folder: string, signal?: AbortSignal): Promise<FaceReference> {
  const requests = REQUESTS.map((request, i) => ({
    ...request,
    pixels: picture(request.shape, i),
  }));
  const outputs = await runFaceApi(folder, requests, signal);
  return requests.map((request, i) => ({ request, output: itemAt(outputs, i) }));
}

/** Encodes the reference as safetensors: `detector.0.input`, `detector.0.output` and so on. */
export function encodeReference(reference: FaceReference): Uint8Array[] {
  const tensors: Record<string, NamedTensor> = {};
  reference.forEach(({ request, output }, i) => {
    tensors[`${request.net}.${i}.input`] = { shape: request.shape, data: request.pixels };
    tensors[`${request.net}.${i}.output`] = output;
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
    return [{ request: { net, shape, pixels: data }, output }];
  });
}

/**
 * Compares the outputs of the ONNX models with the reference.
 *
 * @param models the content of the two files.
 * @throws {MienError} `mismatch` if an output differs by more than 1e-4.
 */
export async function compareFaces(
  models: Readonly<Record<FaceNet, Uint8Array>>,
  reference: FaceReference,
): Promise<FaceComparison[]> {
  const comparisons: FaceComparison[] = [];
  for (const { request, output } of reference) {
    const { net, shape, pixels } = request;
    const [found] = await runOnnx(models[net], [{ shape, data: Float32Array.from(pixels) }]);
    const difference = differenceOf(found, output);
    comparisons.push({ net, shape, difference });
    if (difference <= FACE_TOLERANCE) continue;
    throw new MienError(
      "mismatch",
      `the ${net} differs from face-api by ${difference.toExponential(1)} on [${shape.join(", ")}], ` +
        `at most ${FACE_TOLERANCE} is allowed`,
    );
  }
  return comparisons;
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
