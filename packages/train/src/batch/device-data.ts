import type { ImageSet } from "@mien/format";
import { cast, gather } from "../tensor/native-ops.ts";
import { dispose, DTYPE, keep, upload, type NativeTensor } from "../tensor/native.ts";
import type { Targets } from "./targets.ts";

/** A batch as TensorFlow tensors. */
interface Batch {
  /** float32 [batch, height, width, channels], 0–255. */
  readonly images: NativeTensor;
  /** int32 [batch], the most probable class of the evaluation targets. */
  readonly labels: NativeTensor;
  /** float32 [batch, classes], probabilities. */
  readonly targets: NativeTensor;
}

/** A data set in TensorFlow's memory; batches are gathered there, not copied from JavaScript. */
export interface DeviceData {
  /**
   * @param positions int32 [batch], positions in the image set.
   * @param targets which of the two kinds of targets.
   */
  batch(positions: NativeTensor, targets: "training" | "evaluation"): Batch;
  /** Frees the data set. */
  dispose(): void;
}

/** Uploads a set and its targets to TensorFlow; the arrays must not change afterwards. */
export function uploadData(set: ImageSet, targets: Targets): DeviceData {
  const { height, width, channels } = set;
  const count = set.labels.length;
  const shape = [count, set.classes.length];
  const images = keep(upload(set.pixels, [count, height, width, channels]));
  const labels = keep(upload(targets.labels));
  const training = keep(upload(targets.training, shape));
  const evaluation = keep(upload(targets.evaluation, shape));
  return {
    batch: (positions, which) => ({
      images: cast(gather(images, positions), DTYPE.float32),
      labels: gather(labels, positions),
      targets: gather(which === "training" ? training : evaluation, positions),
    }),
    dispose: () => dispose(images, labels, training, evaluation),
  };
}
