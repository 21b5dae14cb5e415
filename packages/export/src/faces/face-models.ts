import { encodeOnnxModel, type Graph, type Weight } from "@mien/tfjs-to-onnx";
import {
  DETECTOR_DECODE,
  DETECTOR_LONGER_SIDE,
  DETECTOR_MULTIPLE,
  detectorGraph,
} from "./detector.ts";
import { EMBEDDING_LENGTH, EMBEDDING_SIDE, embeddingGraph } from "./embedding.ts";
import { FACE_API } from "./face-api.ts";
import { LIBFACEDETECTION } from "./libfacedetection.ts";

/** The name of a face model. */
export type FaceNet = "detector" | "embedding";

const RGB = { name: "input", layout: "NHWC", colour: "RGB", range: [0, 255], channels: 3 } as const;

/**
 * Encodes the face detector as an ONNX file with its description in the metadata; see
 * docs/format.md.
 *
 * @param sha256 of the library with the weights, for the metadata.
 */
export function encodeDetector(
  weights: ReadonlyMap<string, Float32Array>,
  sha256: string,
): Uint8Array {
  return encode(detectorGraph(weights), {
    model: "face-detector",
    input: { ...RGB, multipleOf: DETECTOR_MULTIPLE, longerSide: DETECTOR_LONGER_SIDE },
    output: { name: "output", layout: "N, cells, values" },
    decode: DETECTOR_DECODE,
    source: { ...LIBFACEDETECTION, sha256 },
  });
}

/**
 * Encodes the face embedding network as an ONNX file with its description in the metadata; see
 * docs/format.md.
 *
 * @param sha256 of the weight file, for the metadata.
 */
export function encodeEmbedding(
  weights: Readonly<Record<string, Weight>>,
  sha256: string,
): Uint8Array {
  return encode(embeddingGraph(weights), {
    model: "face-embedding",
    input: {
      ...RGB,
      height: EMBEDDING_SIDE,
      width: EMBEDDING_SIDE,
      /** The face's box is enlarged by this factor before it is cropped. */
      boxScale: 1.1,
    },
    output: { name: "output", length: EMBEDDING_LENGTH, distance: "euclidean" },
    source: { ...FACE_API, sha256 },
  });
}

function encode(graph: Graph, description: Readonly<Record<string, unknown>>): Uint8Array {
  const metadata: Record<string, string> = { "mien.format": "1" };
  for (const [key, value] of Object.entries(description)) {
    metadata[`mien.${key}`] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return encodeOnnxModel(graph, { metadata });
}
