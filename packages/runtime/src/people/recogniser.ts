import { prepareImages } from "@mien/format";
import type { Box } from "../image/box.ts";
import { checkOptions } from "../check-options.ts";
import { FaceEmbedder } from "./face-embedder.ts";
import { EMBEDDING_MARGIN, regionOf, type Margin } from "../image/face-region.ts";
import { chiSquare, lbphHistogram, type LbphOptions } from "./lbph.ts";
import type { ModelSource } from "../session/ort.ts";
import { cut } from "../image/picture.ts";
import type { SessionChoices } from "../session/session-choices.ts";
import type { Picture } from "../image/shrink.ts";

/** A way to tell faces apart: turns each into numbers, and says how different two are. */
export interface Recogniser {
  /** Names what the numbers are; features of another kind cannot be compared. */
  readonly kind: string;
  /** Numbers a face. */
  readonly length: number;
  /** How many of a person's nearest pictures make the distance to that person (their mean). */
  readonly neighbours: number;
  /** @returns the features of each face, float32 [length]. */
  describe(picture: Picture, boxes: readonly Box[]): Promise<Float32Array[]>;
  /** 0 for the same picture; more for less alike ones. */
  distance(a: Float32Array, b: Float32Array): number;
  /** Frees what it holds once the calls made so far have ended. */
  close(): Promise<void>;
}

/**
 * Recognition by a face embedding, the default: few pictures a person are enough, and light and
 * pose matter little.
 *
 * @param source of the model; see `FaceEmbedder.open`, also for the errors.
 */
export async function openEmbedding(
  source: ModelSource,
  options: SessionChoices = {},
): Promise<Recogniser> {
  const embedder = await FaceEmbedder.open(source, options);
  return {
    kind: `embedding-${embedder.length}`,
    length: embedder.length,
    neighbours: 3,
    describe: (picture, boxes) =>
      embedder.embed(boxes.map((box) => cut(picture, regionOf(box, EMBEDDING_MARGIN)))),
    distance: euclidean,
    close: () => embedder.close(),
  };
}

/** Side of the crops that LBPH compares, in pixels. */
const LBPH_SIDE = 100;
/** Close around the face, since LBPH would learn the background too. */
const LBPH_MARGIN: Margin = { side: 1.15, down: 0 };

/**
 * Recognition by local binary patterns, as OpenCV's: needs no model, but frontal faces in even
 * light, and more pictures a person.
 */
export function createLbph(options: LbphOptions = {}): Recogniser {
  checkOptions("createLbph", options);
  const { neighbors = 8, gridX = 8, gridY = 8, radius = 1 } = options;
  const input = { width: LBPH_SIDE, height: LBPH_SIDE, channels: 1 };
  return {
    kind: `lbph-${radius}-${neighbors}-${gridX}-${gridY}`,
    length: gridX * gridY * 2 ** neighbors,
    neighbours: 1,
    describe: (picture, boxes) =>
      Promise.resolve(
        boxes.map((box) => {
          const grey = prepareImages([cut(picture, regionOf(box, LBPH_MARGIN))], input);
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
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum);
}
