import type { ImageSet } from "@mien/format";
import { cast, gather } from "../tensor/native-ops.ts";
import { dispose, DTYPE, keep, upload, type NativeTensor } from "../tensor/native.ts";
import type { Targets } from "./targets.ts";

/** One batch inside TensorFlow. */
export interface Batch {
  /** float32 [batch, height, width, channels], 0–255. */
  readonly images: NativeTensor;
  /** int32 [batch]. */
  readonly labels: NativeTensor;
  /** float32 [batch, classes], sums of 1. */
  readonly targets: NativeTensor;
}

/** A data set inside TensorFlow, from which batches are gathered without passing through JavaScript. */
export interface DeviceData {
  /**
   * @param positions int32 [batch], positions in the image set.
   * @param targets which: those to learn, or those to be judged by.
   */
  batch(positions: NativeTensor, targets: "learned" | "truth"): Batch;
  dispose(): void;
}

/** Hands a set and its targets to TensorFlow; they must not change afterwards. */
export function uploadData(set: ImageSet, targets: Targets): DeviceData {
  const { height, width, channels } = set;
  const count = set.labels.length;
  const shape = [count, set.classes.length];
  const images = keep(upload(set.pixels, [count, height, width, channels]));
  const labels = keep(upload(targets.labels));
  const learned = keep(upload(targets.learned, shape));
  const truth = keep(upload(targets.truth, shape));
  return {
    batch: (positions, which) => ({
      images: cast(gather(images, positions), DTYPE.float32),
      labels: gather(labels, positions),
      targets: gather(which === "learned" ? learned : truth, positions),
    }),
    dispose: () => dispose(images, labels, learned, truth),
  };
}
