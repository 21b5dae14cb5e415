import { createHash } from "node:crypto";
import path from "node:path";
import { type PeerOptions, peerPackages } from "@mien/bench";
import { readBytes, readJson } from "@mien/cli";
import { MienError, type NamedTensor } from "@mien/format";
import { readWeights, type Weight } from "@mien/tfjs-to-onnx";
import { askProcess } from "./peer-process.ts";

/** The npm package that the face embedding network comes from. */
export const FACE_API = {
  name: "@vladmandic/face-api",
  version: "1.7.15",
  licence: "MIT",
} as const;

/** The weight file of the network, and its expected SHA-256. */
const WEIGHT_FILE = {
  model: "face_recognition_model",
  sha256: "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
} as const;

/**
 * Installs the package into the cache folder, unless it is there.
 *
 * @returns the folder of the package.
 * @throws {MienError} `environment` if it cannot be downloaded.
 */
export async function faceApiFolder(options: PeerOptions): Promise<string> {
  const { name, version } = FACE_API;
  const folder = await peerPackages([`${name}@${version}`], options);
  return path.join(folder, "node_modules", name);
}

/**
 * Reads the weights of the face embedding network.
 *
 * @param folder of the package.
 * @throws {MienError} `mismatch` if the file has another SHA-256; the errors of reading it.
 */
export async function readFaceWeights(
  folder: string,
): Promise<{ weights: Readonly<Record<string, Weight>>; sha256: string }> {
  const { model, sha256 } = WEIGHT_FILE;
  const bytes = path.join(folder, "model", `${model}.bin`);
  const found = createHash("sha256")
    .update(await readBytes(bytes))
    .digest("hex");
  if (found !== sha256) {
    throw new MienError("mismatch", `${bytes} should have SHA-256 ${sha256}, found ${found}`);
  }
  const file = path.join(folder, "model", `${model}-weights_manifest.json`);
  const manifest = await readJson(file);
  return { weights: await readWeights(manifest, { folder: path.dirname(file), file }), sha256 };
}

/** A batch of images for the network. */
export interface FaceRequest {
  /** [N, height, width, 3] */
  readonly shape: readonly number[];
  /** RGB, 0–255. */
  readonly pixels: Uint8Array;
}

/**
 * Runs face-api itself, in a process of its own that computes in plain JavaScript.
 *
 * @returns the output for each request, float32.
 * @throws {MienError} `interrupted` after the signal; `environment` if face-api fails.
 */
export async function runFaceApi(
  folder: string,
  requests: readonly FaceRequest[],
  signal?: AbortSignal,
): Promise<NamedTensor[]> {
  const script = path.resolve(import.meta.dirname, "../../peers/face-api.mjs");
  const outputs = await askProcess(
    [process.execPath, script, folder],
    requests.map((request) => ({ ...request, pixels: [...request.pixels] })),
    { name: "face-api", signal },
  );
  if (!Array.isArray(outputs) || !outputs.every(isOutput)) {
    throw new MienError("environment", "face-api printed something other than its outputs");
  }
  return outputs.map(({ shape, data }) => ({ shape, data: Float32Array.from(data) }));
}

function isOutput(value: unknown): value is { shape: number[]; data: number[] } {
  if (typeof value !== "object" || value === null) return false;
  return (
    "shape" in value && Array.isArray(value.shape) && "data" in value && Array.isArray(value.data)
  );
}
