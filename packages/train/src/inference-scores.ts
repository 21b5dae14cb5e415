import { itemAt } from "@mien/format";
import { headOf, lossOf } from "./network/heads.ts";
import { standardise } from "./network/standardise.ts";
import type { Trainer } from "./step.ts";
import * as ops from "./tensor/native-ops.ts";
import { download, scope, upload } from "./tensor/native.ts";

/** Pixels per batch of `inferenceScores`: 256 images of FER2013's size. */
const INFERENCE_PIXELS = 256 * 48 * 48;

/** The scores of a model on some images. Accuracies are 0–1. */
interface InferenceScores {
  /** Mean cross-entropy in nats; with two heads, the mean of both. */
  readonly loss: number;
  /** By the most probable class of the targets; with two heads, of the first head by the labels. */
  readonly accuracy: number;
  /**
   * By each ground truth alone, if the targets are labels and votes together; with two heads, each
   * head by what it learns.
   */
  readonly byTruth?: {
    readonly labels: number;
    /** Of the images whose votes have a winner; NaN if there are none. */
    readonly votes: number;
  };
}

/**
 * Loss and accuracy on some images, as the model would be saved now: with the averaged weights if
 * there are any, and by targets without smoothing and distillation.
 */
export function inferenceScores(trainer: Trainer, positions: Uint32Array): InferenceScores {
  const { config, classes, data, standardisation, network, meter, average, truths } = trainer;
  const training = average && network.state();
  if (average) network.load(average.state());
  meter.reset();
  const { height, width } = trainer.input;
  const batch = Math.max(1, Math.min(256, Math.floor(INFERENCE_PIXELS / (height * width))));
  const right = { labels: 0, votes: 0 };
  for (let at = 0; at < positions.length; at += batch) {
    scope(() => {
      const some = positions.subarray(at, at + batch);
      const { images, targets, labels } = data.batch(Int32Array.from(some), "evaluation");
      const logits = network.forward(standardise(images, standardisation)); // [batch, outputs]
      const { sum } = lossOf(logits, targets, { classes, voteHead: config.voteHead });
      meter.add(sum, ops.countCorrect(headOf(logits, 0, { classes }), labels));
      if (truths === undefined) return;
      for (const [head, by] of [
        [0, "labels"],
        [1, "votes"],
      ] as const) {
        // A winner of −1 equals no class, so images without a winner do not count as correct.
        const truth = Int32Array.from(some, (position) => itemAt(truths[by], position));
        const [correct = NaN] = download(
          ops.countCorrect(headOf(logits, head, { classes }), upload(truth)),
        );
        right[by] += correct;
      }
    });
  }
  if (training) network.load(training);
  const { loss, correct } = meter.read();
  const images = positions.length;
  const scores = { loss: loss / images, accuracy: correct / images };
  if (truths === undefined) return scores;
  const voted = positions.filter((position) => itemAt(truths.votes, position) >= 0).length;
  return { ...scores, byTruth: { labels: right.labels / images, votes: right.votes / voted } };
}
