import type { Stage } from "./architecture.ts";
import { savedBy, type Layer } from "./layer.ts";
import { constantFloat, keep } from "../tensor/native.ts";
import { hasNormRelu, normRelu, normReluGradients } from "../tensor/own-ops.ts";

/** A layer with its stage. */
interface StageLayer {
  readonly stage: Stage;
  readonly layer: Layer;
}

/**
 * The layers of a network, in which each normalisation after a convolution is one layer with the pooling
 * and the ReLU after it. In training, such a layer is one operation (`normRelu`) where the machine has it.
 */
export function mergeNormalizations(layers: readonly StageLayer[], momentum: number): Layer[] {
  const merged: Layer[] = [];
  for (let i = 0; i < layers.length;) {
    const stages = layers.slice(i, i + 3).map(({ stage }) => stage);
    const length = layers[i - 1]?.stage.kind === "convolution" ? lengthOf(stages) : 1;
    const parts = layers.slice(i, i + length).map(({ layer }) => layer);
    merged.push(...(length > 1 ? [mergedLayer(parts, momentum)] : parts));
    i += length;
  }
  return merged;
}

/** The number of layers at the beginning that one operation can compute. */
function lengthOf([first, second, third]: readonly Stage[]): number {
  if (first?.kind !== "normalization") return 1;
  if (second?.kind === "relu") return 2;
  return second?.kind === "pool" && second.stride === 2 && third?.kind === "relu" ? 3 : 1;
}

/** @param parts normalisation and ReLU, or normalisation, pooling and ReLU. */
function mergedLayer(parts: readonly Layer[], momentum: number): Layer {
  const trainable = parts.flatMap((part) => part.trainable);
  const statistics = parts.flatMap((part) => part.statistics);
  const [scale, offset] = trainable;
  const [mean, variance] = statistics;
  if (!scale || !offset || !mean || !variance) throw new Error("expected a normalisation");
  const pooled = parts.length === 3;
  let saved: ReturnType<typeof normRelu>["saved"] | undefined;
  let isMerged = false;
  return {
    trainable,
    statistics,
    forward(x, training) {
      isMerged = training !== undefined && hasNormRelu(x);
      if (!isMerged) return parts.reduce((maps, part) => part.forward(maps, training), x);
      const state = {
        scale: scale.read(),
        offset: offset.read(),
        movingMean: mean.read(),
        movingVariance: variance.read(),
      };
      const result = normRelu(x, state, { momentum: constantFloat(momentum), pooled });
      mean.set(result.movingMean);
      variance.set(result.movingVariance);
      saved = result.saved;
      return result.y;
    },
    backward(dy, gradients, needsInput) {
      if (!isMerged) {
        return parts.reduceRight((gradient, part) => part.backward(gradient, gradients, true), dy);
      }
      const gradient = normReluGradients(dy, savedBy(saved));
      gradients.set(scale, keep(gradient.scale));
      gradients.set(offset, keep(gradient.offset));
      return needsInput ? gradient.x : dy;
    },
  };
}
