import { prepareImages } from "@mien/format";
import type { Box } from "../image/box.ts";
import { checkOptions } from "../check-options.ts";
import { FaceEmbedder } from "./face-embedder.ts";
import { EMBEDDING_MARGIN, regionOf, type Margin } from "../image/face-region.ts";
import { chiSquare, lbphHistogram, resolveLbph, type LbphOptions } from "./lbph.ts";
import type { ModelSource } from "../session/ort.ts";
import { crop } from "../image/crop.ts";
import type { SessionOptions } from "../session/session-options.ts";
import type { Picture } from "../image/picture.ts";

/** A method of face recognition: it computes features of faces and the distance between two. */
export interface Recogniser {
  /** Name of the method and its parameters; features of another kind cannot be compared. */
  readonly kind: string;
  /** Number of values in the features of a face. */
  readonly length: number;
  /** Number of a person's nearest pictures; their mean distance is the distance to the person. */
  readonly neighbours: number;
  /**
   * Lower bound of the standard deviation of the distances between pictures of one person. Pictures
   * taken within seconds are more alike than a person is at another moment.
   */
  readonly minDeviation: number;
  /** @returns the features of each face, float32 [length]. */
  describe(picture: Picture, boxes: readonly Box[]): Promise<Float32Array[]>;
  /** Distance between two features: 0 for the same picture, larger for less similar ones. */
  distance(a: Float32Array, b: Float32Array): number;
  /** Frees the model once the calls made so far have ended. */
  close(): Promise<void>;
}

/** Number of a person's nearest pictures that count with an embedding. */
const EMBEDDING_NEIGHBOURS = 3;
/** As in the pictures of ORL, which were taken over two years. */
const EMBEDDING_DEVIATION = 0.05;

/**
 * Recognition by a face embedding, the default: a few pictures per person are enough, and light and
 * pose have little influence.
 *
 * @param source of the model: a path in Node, an address in the browser; or the content of the file.
 * @throws {MienError} `missing-file` if it cannot be read; `bad-model` if it is no face embedding;
 * `environment` if onnxruntime cannot start; `usage` for an option that is unknown or out of range.
 * @example
 * const people = new People(await openEmbedding("embedding.onnx"));
 */
export async function openEmbedding(
  source: ModelSource,
  options: SessionOptions = {},
): Promise<Recogniser> {
  const embedder = await FaceEmbedder.open(source, options);
  return {
    kind: `embedding-${embedder.length}`,
    length: embedder.length,
    neighbours: EMBEDDING_NEIGHBOURS,
    minDeviation: EMBEDDING_DEVIATION,
    describe: (picture, boxes) =>
      embedder.embed(boxes.map((box) => crop(picture, regionOf(box, EMBEDDING_MARGIN)))),
    distance: euclidean,
    close: () => embedder.close(),
  };
}

/** Side of the crops that LBPH compares, in pixels. */
const LBPH_SIDE = 100;
/** A small margin, since the histograms would include the background. */
const LBPH_MARGIN: Margin = { side: 1.15, down: 0 };

/**
 * Recognition by local binary pattern histograms, as OpenCV's LBPHFaceRecognizer. It needs no model,
 * but frontal faces in even light, and more pictures per person.
 *
 * @throws {MienError} `usage` for an option that is unknown or out of range.
 * @example
 * const people = new People(createLbph());
 */
export function createLbph(options: LbphOptions = {}): Recogniser {
  checkOptions("createLbph", options);
  const { radius, neighbors, gridX, gridY } = resolveLbph(options);
  const input = { width: LBPH_SIDE, height: LBPH_SIDE, channels: 1 };
  return {
    kind: `lbph-${radius}-${neighbors}-${gridX}-${gridY}`,
    length: gridX * gridY * 2 ** neighbors,
    neighbours: 1,
    minDeviation: 0,
    describe: (picture, boxes) =>
      Promise.resolve(
        boxes.map((box) => {
          const grey = prepareImages([crop(picture, regionOf(box, LBPH_MARGIN))], input);
          const data = Uint8Array.from(grey, Math.round);
          return lbphHistogram({ width: LBPH_SIDE, height: LBPH_SIDE, data }, options);
        }),
      ),
    distance: chiSquare,
    close: () => Promise.resolve(),
  };
}

function euclidean(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}
