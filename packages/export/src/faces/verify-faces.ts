import { encodeTensors, MienError, random, type NamedTensor, type TensorFile } from "@mien/format";
import { runOnnx } from "@mien/runtime";
import { askFaceApi, type FaceNet, type FaceRequest } from "./face-api.ts";

/** Largest max |a − b| / max(1, max |b|) of an answer; b is face-api's. */
export const FACE_TOLERANCE = 1e-4;

/** The shapes that the models are compared on; the detector's must hold for every multiple of 32. */
const REQUESTS: readonly Omit<FaceRequest, "pixels">[] = [
  { net: "detector", shape: [1, 96, 128, 3] },
  { net: "detector", shape: [2, 64, 32, 3] },
  { net: "embedding", shape: [2, 150, 150, 3] },
];

/** A comparison of one model with face-api on one batch. */
export interface FaceComparison {
  readonly net: FaceNet;
  readonly shape: readonly number[];
  readonly difference: number;
}

/** Inputs and face-api's own answers, so that anybody can repeat the comparison without it. */
export type FaceReference = readonly {
  readonly request: FaceRequest;
  readonly answer: NamedTensor;
}[];

/** Asks face-api for its answers to smooth, noisy pictures. */
export async function makeReference(folder: string, signal?: AbortSignal): Promise<FaceReference> {
  const requests = REQUESTS.map((request, i) => ({
    ...request,
    pixels: picture(request.shape, i),
  }));
  const answers = await askFaceApi(folder, requests, signal);
  return requests.map((request, i) => ({ request, answer: answers[i] as NamedTensor }));
}

/** The reference in the safetensors layout: `detector.0.input`, `detector.0.output` and so on. */
export function encodeReference(reference: FaceReference): Uint8Array[] {
  const tensors: Record<string, NamedTensor> = {};
  reference.forEach(({ request, answer }, i) => {
    tensors[`${request.net}.${i}.input`] = { shape: request.shape, data: request.pixels };
    tensors[`${request.net}.${i}.output`] = answer;
  });
  return encodeTensors({ tensors, metadata: {} });
}

/** Reads what `encodeReference` wrote. */
export function decodeReference({ tensors }: TensorFile): FaceReference {
  return Object.entries(tensors).flatMap(([name, { shape, data }]) => {
    const [net, i, role] = name.split(".") as [FaceNet, string, string];
    const answer = tensors[`${net}.${i}.output`];
    if (role !== "input" || answer === undefined) return [];
    return [{ request: { net, shape, pixels: data as Uint8Array }, answer }];
  });
}

/**
 * Compares models with the reference.
 *
 * @throws {MienError} `mismatch` where a model parts from it by more than 1e-4.
 */
export async function compareFaces(
  models: Readonly<Record<FaceNet, Uint8Array>>,
  reference: FaceReference,
): Promise<FaceComparison[]> {
  const comparisons: FaceComparison[] = [];
  for (const { request, answer } of reference) {
    const { net, shape, pixels } = request;
    const [found] = await runOnnx(models[net], [{ shape, data: Float32Array.from(pixels) }]);
    const difference = differenceOf(found, answer);
    comparisons.push({ net, shape, difference });
    if (difference <= FACE_TOLERANCE) continue;
    throw new MienError(
      "mismatch",
      `the ${net} parts from face-api by ${difference.toExponential(1)} on [${shape.join(", ")}], ` +
        `allowed is ${FACE_TOLERANCE}`,
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
    difference = Math.max(difference, Math.abs(value - (found.data[i] as number)));
  });
  return Number.isFinite(difference) ? difference / largest : Infinity;
}

/** Waves of colour under noise, from a seed. */
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
