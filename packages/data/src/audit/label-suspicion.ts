import { itemAt } from "@mien/format";
import type { LabelledProbabilities } from "./confident-learning.ts";
import type { Neighbours } from "./neighbours.ts";

/*
 * The numbers below were chosen on FER2013 with planted errors: the labels of 10 % of the Training
 * images were changed in three ways, and models were trained out of fold on the changed labels
 * (docs/audit.md). FER+ was not used to choose them.
 */

/** Number of similar images that are asked. */
const ASKED = 20;
/** Weight of the labels of similar images, as an exponent of their share. */
const WEIGHT_OF_LABELS = 0.5;
/** Images that are added to those that were asked, distributed over the classes as all labels are. */
const PRIOR = 2;
/** Weight of the noise of a class, as an exponent of its odds. */
const WEIGHT_OF_NOISE = 0.5;
/** The estimated noise of a class is limited to this value and to 1 minus it. */
const LEAST_NOISE = 0.01;
/** The smallest probability of a class. */
const LEAST = 1e-6;

/** How probable each class is for each image, and how suspicious its label therefore is. */
export interface LabelSuspicion {
  /** [n, classes], sums to 1 for each image. */
  readonly belief: Float32Array;
  /** [n], 0–1; the most suspicious images have the highest values. */
  readonly score: Float64Array;
  /** [n], the most probable class other than the label. */
  readonly suggestion: Uint8Array;
}

/**
 * Combines what a model says about an image with what is known of similar images.
 *
 * Without neighbours, the belief is the probabilities of the model. With neighbours, each probability is multiplied by the
 * share of the class among the labels of the `ASKED` most similar images, to the power of 0.5.
 * The score is the probability whose odds are those of the other classes against the label,
 * multiplied by the odds of an error in this class to the power of 0.5. Without neighbours and with
 * equal noise in all classes, the ranking is by self-confidence (Northcutt et al. 2021).
 *
 * @param from.noise [label], estimated share of wrong labels in each class, 0–1: that of
 *   `confidentLearning`.
 */
export function suspectLabels(
  given: LabelledProbabilities,
  from: { readonly noise: readonly number[]; readonly neighbours?: Neighbours | undefined },
): LabelSuspicion {
  const { noise, neighbours } = from;
  const { labels, probabilities, classes } = given;
  const count = labels.length;
  const prior = new Float64Array(classes);
  for (let i = 0; i < count; i++) {
    const label = labels[i] ?? 0;
    prior[label] = itemAt(prior, label) + 1 / count;
  }
  const belief = new Float32Array(count * classes);
  const score = new Float64Array(count);
  const suggestion = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const own = probabilities.subarray(i * classes, (i + 1) * classes);
    const label = labels[i] ?? 0;
    const asked = neighbours === undefined ? [] : askedOf(neighbours, i);
    const combined = combine(own, { ...given, asked, prior });
    belief.set(combined, i * classes);
    const share = Math.min(Math.max(itemAt(noise, label), LEAST_NOISE), 1 - LEAST_NOISE);
    const other = 1 - itemAt(combined, label);
    const weighted = other * (share / (1 - share)) ** WEIGHT_OF_NOISE;
    score[i] = weighted / (weighted + itemAt(combined, label));
    let best = label === 0 && classes > 1 ? 1 : 0;
    combined.forEach((value, k) => {
      if (k !== label && value > itemAt(combined, best)) best = k;
    });
    suggestion[i] = best;
  }
  return { belief, score, suggestion };
}

function askedOf({ indices, k }: Neighbours, i: number): number[] {
  return Array.from(indices.subarray(i * k, i * k + Math.min(k, ASKED))).filter((at) => at >= 0);
}

function combine(
  own: Float32Array,
  from: LabelledProbabilities & {
    readonly asked: readonly number[];
    readonly prior: Float64Array;
  },
): Float64Array {
  const { asked, labels, classes, prior } = from;
  const belief = Float64Array.from(own, (probability) => Math.max(probability, LEAST));
  if (asked.length > 0) {
    for (let k = 0; k < classes; k++) {
      const votes = asked.filter((other) => labels[other] === k).length;
      const share = (votes + PRIOR * itemAt(prior, k)) / (asked.length + PRIOR);
      belief[k] = itemAt(belief, k) * Math.max(share, LEAST) ** WEIGHT_OF_LABELS;
    }
  }
  const sum = belief.reduce((total, value) => total + value, 0);
  return belief.map((value) => value / sum);
}
