import type { ImageSet } from "@mien/format";
import { cast, gather } from "./native-ops.ts";
import { dispose, DTYPE, keep, upload, type NativeTensor } from "./native.ts";

/** A data set inside TensorFlow, from which batches are gathered without passing through JavaScript. */
export interface DeviceData {
  /**
   * @param positions int32 [batch], positions in the image set.
   * @returns images float32 [batch, height, width, channels] 0–255, and labels int32 [batch].
   */
  batch(positions: NativeTensor): { images: NativeTensor; labels: NativeTensor };
  dispose(): void;
}

/** Hands a set to TensorFlow; its pixels must not change afterwards. */
export function uploadData(set: ImageSet): DeviceData {
  const { height, width, channels, labels } = set;
  const images = keep(upload(set.pixels, [labels.length, height, width, channels]));
  const classes = keep(upload(Int32Array.from(labels)));
  return {
    batch: (positions) => ({
      images: cast(gather(images, positions), DTYPE.float32),
      labels: gather(classes, positions),
    }),
    dispose: () => dispose(images, classes),
  };
}
