import { imageSize } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import type { ExportedModel } from "./read-exported-model.ts";
import { attribute, DTYPE, download, runOne, scope, upload } from "../tensor/native.ts";
import { createNetwork } from "../network/network.ts";
import { standardise } from "../network/standardise.ts";
import { startFromModel } from "../network/start-model.ts";
import { inBatches, type TrainedModel } from "../network/trained-model.ts";

/**
 * Opens an exported model on the native backend, to predict many images.
 *
 * @param network the hyperparameters of its network (`networkSettings`).
 */
export function openExportedModel(
  { model, classes, input }: ExportedModel,
  network: TrainConfig,
): Pick<TrainedModel, "classes" | "predict" | "dispose"> {
  // An exported model has no batch normalisation: its factors are part of the kernels.
  const config = { ...network, normalization: "none" } as const;
  const standardisation = { mean: model.mean, deviation: 1 };
  const opened = createNetwork(config, { input, outputs: classes.length }, 0);
  // Its own temperature stays in the output layer, so that its probabilities are calibrated.
  const calibrated = { ...model, temperature: 1 };
  const about = { input, classes: classes.length, standardisation };
  opened.load(
    scope(() => {
      const noImages = upload(new Float32Array(0), [0, input.height, input.width, input.channels]);
      return startFromModel(calibrated, config, { ...about, images: noImages });
    }),
  );
  const size = imageSize(input);
  const predictBatch = (pixels: Float32Array, count: number) =>
    scope(() => {
      const images = upload(pixels, [count, input.height, input.width, input.channels]);
      const logits = opened.forward(standardise(images, standardisation));
      return download(runOne("Softmax", [attribute.type("T", DTYPE.float32)], [logits]));
    });
  return {
    classes,
    predict: (pixels, count) =>
      inBatches(predictBatch, pixels, { count, size, width: classes.length }),
    dispose: () => opened.dispose(),
  };
}
