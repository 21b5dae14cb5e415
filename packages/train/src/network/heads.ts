import type { NamedTensor } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import * as ops from "../tensor/native-ops.ts";
import { constantFloat, upload, type NativeTensor } from "../tensor/native.ts";

/*
 * A network with two heads has 2 × classes outputs: first the logits of the head that learns the
 * labels, then those of the head that learns the FER+ votes. The model that is saved has one head:
 * the mean of the logits of both, in which the head of the votes has the weight `voteShare`. As the
 * output layer is linear, this is one dense layer whose weights are the weighted means, so the model
 * is as small and fast as with one head. The logit adjustment is taken off the logits of the saved
 * model (post-hoc: Menon et al. 2021, section 4.1). So the training depends neither on `voteShare`
 * nor on `logitAdjustment`.
 */

/** Number of heads of a network with two heads. */
export const HEADS = 2;

/** Whether the network has a second head in training. */
export function isTwoHeaded({ voteHead }: Pick<TrainConfig, "voteHead">): boolean {
  return voteHead > 0;
}

/** Number of outputs of the network in training. */
export function outputsOf(config: Pick<TrainConfig, "voteHead">, classes: number): number {
  return isTwoHeaded(config) ? HEADS * classes : classes;
}

/**
 * The logits of one head.
 *
 * @param logits [batch, outputs of the network].
 * @param head 0: the head of the labels, 1: the head of the votes. A network with one head has only
 *   that one, which is the result for both.
 * @returns [batch, classes].
 */
export function headOf(
  logits: NativeTensor,
  head: 0 | 1,
  { classes }: { readonly classes: number },
): NativeTensor {
  const [, outputs = classes] = logits.shape;
  if (outputs === classes) return logits;
  const selection = new Float32Array(outputs * classes);
  for (let k = 0; k < classes; k++) selection[(head * classes + k) * classes + k] = 1;
  return ops.matMul(logits, upload(selection, [outputs, classes]));
}

/** The loss of a batch. */
interface Loss {
  /** Sum over the images, in nats; with two heads, of the means of the losses of both. */
  readonly sum: NativeTensor;
  /** Gradient of the mean loss, in which the second head has the weight `voteHead`. */
  readonly gradient: NativeTensor;
}

/**
 * The cross-entropy of a batch.
 *
 * @param logits [batch, outputs of the network].
 * @param targets of the same shape, probabilities.
 */
export function lossOf(
  logits: NativeTensor,
  targets: NativeTensor,
  { classes, voteHead }: { readonly classes: number } & Pick<TrainConfig, "voteHead">,
): Loss {
  const [batch = 0] = logits.shape;
  const mean = constantFloat(1 / batch);
  if (!isTwoHeaded({ voteHead })) {
    const { losses, gradient } = ops.softmaxCrossEntropy(logits, targets);
    return { sum: ops.sum(losses), gradient: ops.multiply(gradient, mean) };
  }
  const rows = [HEADS * batch, classes]; // the rows of the two heads alternate
  const { losses, gradient } = ops.softmaxCrossEntropy(
    ops.reshape(logits, rows),
    ops.reshape(targets, rows),
  );
  const perHead = ops.reshape(gradient, [batch, HEADS, classes]);
  const weights = upload(Float32Array.of(1 / batch, voteHead / batch), [1, HEADS, 1]);
  return {
    sum: ops.multiply(ops.sum(losses), constantFloat(1 / HEADS)),
    gradient: ops.reshape(ops.multiply(perHead, weights), [batch, HEADS * classes]),
  };
}

/**
 * The weights of a network as the initial weights of a network with another number of heads: both
 * heads start as the only one, and the only one starts as the head of the labels.
 */
export function toHeads(
  state: Readonly<Record<string, NamedTensor>>,
  outputs: number,
): Record<string, NamedTensor> {
  const result = { ...state };
  for (const name of ["output.kernel", "output.bias"]) {
    const tensor = result[name];
    const width = tensor?.shape.at(-1) ?? outputs;
    if (tensor === undefined || (width !== HEADS * outputs && outputs !== HEADS * width)) continue;
    const { data, shape } = tensor;
    const values = Float32Array.from({ length: (data.length / width) * outputs }, (_, i) => {
      const row = Math.floor(i / outputs);
      return data[row * width + ((i % outputs) % width)] ?? NaN;
    });
    result[name] = { shape: [...shape.slice(0, -1), outputs], data: values };
  }
  return result;
}

/**
 * The weights of the saved model, which has one head, from those of the network.
 *
 * @param about.adjustment taken off the logits of both heads [2 × classes]; default: nothing.
 */
export function mergeHeads(
  state: Readonly<Record<string, NamedTensor>>,
  config: Pick<TrainConfig, "voteHead" | "voteShare">,
  {
    classes,
    adjustment,
  }: { readonly classes: number; readonly adjustment?: Float32Array | undefined },
): Record<string, NamedTensor> {
  const merged = { ...state };
  if (!isTwoHeaded(config)) return merged;
  for (const name of ["output.kernel", "output.bias"]) {
    const tensor = merged[name];
    if (tensor === undefined) continue;
    const { data, shape } = tensor;
    const rows = data.length / (HEADS * classes);
    const mean = Float32Array.from({ length: rows * classes }, (_, i) => {
      const row = Math.floor(i / classes) * HEADS * classes;
      const logit = (output: number) =>
        (data[row + output] ?? NaN) - (name === "output.bias" ? (adjustment?.[output] ?? 0) : 0);
      const k = i % classes;
      return (1 - config.voteShare) * logit(k) + config.voteShare * logit(classes + k);
    });
    merged[name] = { shape: [...shape.slice(0, -1), classes], data: mean };
  }
  return merged;
}
