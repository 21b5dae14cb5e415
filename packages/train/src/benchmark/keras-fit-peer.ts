import path from "node:path";
import { openKeras, type OpenContender } from "@mien/bench";
import { z } from "zod";
import { BATCH_NORM_EPSILON } from "../tensor/native-ops.ts";
import type { Trainer } from "../step.ts";
import type { StepTurn } from "./training-speed.ts";

/** A Python process that trains the network of a trainer with Keras. */
export interface KerasFitPeer {
  /** Of Keras and of TensorFlow. */
  readonly versions: { readonly keras: string; readonly tensorflow: string };
  /** A turn is one epoch of `fit`. */
  readonly contender: OpenContender<StepTurn>;
}

const STARTED = z.object({ keras: z.string(), tensorflow: z.string() });
const FITTED = z.object({ steps: z.number(), wallMs: z.number(), cpuMs: z.number() });

/**
 * Starts Keras with the network, batch size and optimiser of a trainer, on random images.
 *
 * @param options.python an interpreter that has Keras and TensorFlow.
 * @param options.images number of images in an epoch.
 * @throws {MienError} `environment` if Python ends or answers something unexpected; `interrupted`.
 */
export async function startKerasFit(
  { input, classes, network, config }: Trainer,
  options: {
    readonly python: string;
    readonly images: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<KerasFitPeer> {
  const { python, images, signal } = options;
  const script = path.join(import.meta.dirname, "../../python/keras_fit.py");
  const keras = openKeras(python, ["-I", script], { signal });
  const description = {
    stages: network.stages,
    input: [input.height, input.width, input.channels],
    classes,
    images,
    batchSize: config.batchSize,
    learningRate: config.learningRate,
    l2: config.l2,
    batchNormMomentum: config.batchNormMomentum,
    batchNormEpsilon: BATCH_NORM_EPSILON,
  };
  const versions = await keras.ask(description, STARTED);
  return {
    versions,
    contender: {
      name: "keras",
      async turn() {
        const { steps, wallMs, cpuMs } = await keras.ask({}, FITTED);
        return { durations: [wallMs / steps], cpuMs: cpuMs / steps };
      },
      close: () => keras.close(),
    },
  };
}
