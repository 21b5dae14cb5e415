import { encodeOnnxModel, type Graph, type Weight } from "@mien/tfjs-to-onnx";
import { DETECTOR_CELL, DETECTOR_DECODE, detectorGraph } from "./detector.ts";
import { EMBEDDING_LENGTH, EMBEDDING_SIDE, embeddingGraph } from "./embedding.ts";
import { FACE_API, type FaceNet } from "./face-api.ts";

const GRAPHS: Readonly<Record<FaceNet, (weights: Readonly<Record<string, Weight>>) => Graph>> = {
  detector: detectorGraph,
  embedding: embeddingGraph,
};

/** The metadata that a program needs to run each model; see docs/format.md. */
const DESCRIPTIONS: Readonly<Record<FaceNet, Readonly<Record<string, unknown>>>> = {
  detector: {
    model: "face-detector",
    input: {
      name: "input",
      layout: "NHWC",
      colour: "RGB",
      range: [0, 255],
      channels: 3,
      multipleOf: DETECTOR_CELL,
      longerSide: DETECTOR_DECODE.longerSide,
    },
    output: { name: "output", layout: "N, rows, columns, anchors × [x, y, width, height, score]" },
    decode: DETECTOR_DECODE,
  },
  embedding: {
    model: "face-embedding",
    input: {
      name: "input",
      layout: "NHWC",
      colour: "RGB",
      range: [0, 255],
      channels: 3,
      height: EMBEDDING_SIDE,
      width: EMBEDDING_SIDE,
      /** The face's box is enlarged by this factor before it is cropped. */
      boxScale: 1.1,
    },
    output: { name: "output", length: EMBEDDING_LENGTH, distance: "euclidean" },
  },
};

/**
 * Encodes a face model as an ONNX file with its description in the metadata.
 *
 * @param sha256 of the weight file, for the metadata.
 */
export function encodeFaceModel(
  net: FaceNet,
  weights: Readonly<Record<string, Weight>>,
  sha256: string,
): Uint8Array {
  const texts = { ...DESCRIPTIONS[net], source: { ...FACE_API, sha256 } };
  const metadata: Record<string, string> = { "mien.format": "1" };
  for (const [key, value] of Object.entries(texts)) {
    metadata[`mien.${key}`] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return encodeOnnxModel(GRAPHS[net](weights), { metadata });
}
