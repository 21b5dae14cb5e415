import { imageCount, imagesAt, type ImageSet } from "@mien/format";
import { cast, gather } from "../tensor/native-ops.ts";
import { dispose, DTYPE, keep, upload, type NativeTensor } from "../tensor/native.ts";
import type { Targets } from "./targets.ts";

/** A batch as TensorFlow tensors. */
interface Batch {
  /** float32 [batch, height, width, channels], 0–255. */
  readonly images: NativeTensor;
  /** int32 [batch], the most probable class of the evaluation targets. */
  readonly labels: NativeTensor;
  /** float32 [batch, outputs of the network], probabilities. */
  readonly targets: NativeTensor;
}

/** A data set whose batches are tensors. */
export interface DeviceData {
  /**
   * @param positions of the batch in the image set.
   * @param targets which of the two kinds of targets.
   */
  batch(positions: Int32Array, targets: "training" | "evaluation"): Batch;
  /** Frees the data set. */
  dispose(): void;
}

/**
 * Uploads a set and its targets to TensorFlow, where batches are gathered; the arrays must not change
 * afterwards. The images of a set that is too large for memory stay in their file, and each batch is
 * read from there.
 */
export function uploadData(set: ImageSet, targets: Targets): DeviceData {
  const { height, width, channels } = set;
  const count = imageCount(set);
  const shape = [count, targets.training.length / count];
  const images =
    set.stored === undefined
      ? keep(upload(set.pixels, [count, height, width, channels]))
      : undefined;
  const labels = keep(upload(targets.labels));
  const training = keep(upload(targets.training, shape));
  const evaluation = keep(upload(targets.evaluation, shape));
  return {
    batch: (positions, which) => {
      const chosen = upload(positions);
      const pixels =
        images === undefined
          ? upload(imagesAt(set, positions), [positions.length, height, width, channels])
          : gather(images, chosen);
      return {
        images: cast(pixels, DTYPE.float32),
        labels: gather(labels, chosen),
        targets: gather(which === "training" ? training : evaluation, chosen),
      };
    },
    dispose: () => dispose(...(images === undefined ? [] : [images]), labels, training, evaluation),
  };
}
