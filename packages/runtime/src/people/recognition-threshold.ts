import { distanceToPerson, type DistanceMeasure } from "./distance.ts";
import type { Person } from "./person.ts";

/** The threshold between enrolled people and strangers, and the errors to expect with it. */
export interface ThresholdEstimate {
  /** Largest distance at which a face is recognised. */
  readonly threshold: number;
  /** Expected share of strangers who are recognised as somebody, 0–1; null if unknown. */
  readonly falseAccept: number | null;
  /** Expected share of enrolled people's pictures that are not recognised, 0–1; null if unknown. */
  readonly falseReject: number | null;
  /** Number of comparisons between pictures of the same person in the estimate. */
  readonly genuine: number;
  /** Number of comparisons between pictures of different people in the estimate. */
  readonly impostor: number;
}

/** Distances as a normal distribution. */
interface NormalDistribution {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * Estimates the recognition threshold from the enrolled pictures.
 *
 * A genuine distance is the distance from a picture to the other pictures of the same person. An
 * impostor distance is the distance from a picture to the nearest other person, or from a given
 * stranger to the nearest person. Both kinds are modelled as normal distributions. The threshold is
 * where false accepts and false rejects are equally likely (equal error rate), or lower, so that at
 * most `maxFalseAccept` of the strangers are expected to be recognised.
 *
 * @param options.maxFalseAccept share, 0–0.5.
 * @param options.impostors features of strangers; may be empty.
 */
export function estimateThreshold(
  people: readonly Person[],
  measure: DistanceMeasure,
  options: { readonly maxFalseAccept: number; readonly impostors: readonly Float32Array[] },
): ThresholdEstimate {
  const genuine: number[] = [];
  const impostor: number[] = [];
  const toNearest = (feature: Float32Array, others: readonly Person[]) =>
    Math.min(...others.map(({ features }) => distanceToPerson(feature, features, measure)));
  for (const person of people) {
    const others = people.filter((other) => other !== person);
    person.features.forEach((feature, i) => {
      const rest = person.features.filter((_, k) => k !== i);
      if (rest.length > 0) genuine.push(distanceToPerson(feature, rest, measure));
      if (others.length > 0) impostor.push(toNearest(feature, others));
    });
  }
  if (people.length > 0) {
    for (const feature of options.impostors) impostor.push(toNearest(feature, people));
  }
  const counts = { genuine: genuine.length, impostor: impostor.length };
  const ofSame = normalOf(genuine, measure.minDeviation);
  const ofOthers = normalOf(impostor, 0);
  if (ofOthers === null) {
    // Without strangers to compare with, the threshold covers the person's own pictures.
    const threshold = ofSame === null ? 0 : ofSame.mean + 2 * ofSame.deviation;
    const falseReject = ofSame === null ? null : shareAbove(threshold, ofSame);
    return { ...counts, threshold, falseAccept: null, falseReject };
  }
  const strict = quantile(options.maxFalseAccept, ofOthers);
  const equal = ofSame === null ? strict : equalErrorThreshold(ofSame, ofOthers);
  const threshold = Math.max(0, Math.min(strict, equal));
  return {
    ...counts,
    threshold,
    falseAccept: 1 - shareAbove(threshold, ofOthers),
    falseReject: ofSame === null ? null : shareAbove(threshold, ofSame),
  };
}

/**
 * @param minDeviation lower bound of the deviation, which is also kept above 2 % of the mean.
 * @returns null for fewer than 2 values.
 */
function normalOf(values: readonly number[], minDeviation: number): NormalDistribution | null {
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.max(Math.sqrt(variance), 1e-6 + 0.02 * mean, minDeviation) };
}

/**
 * The distance at which false rejects and false accepts are equally likely: the share of genuine
 * distances above it equals the share of impostor distances below it.
 */
function equalErrorThreshold(genuine: NormalDistribution, impostor: NormalDistribution): number {
  return (
    (genuine.mean * impostor.deviation + impostor.mean * genuine.deviation) /
    (genuine.deviation + impostor.deviation)
  );
}

/** The share of a normal distribution above a value (Abramowitz and Stegun 7.1.26). */
function shareAbove(value: number, { mean, deviation }: NormalDistribution): number {
  const z = (value - mean) / deviation / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * Math.abs(z));
  const tail =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp(-z * z);
  return z >= 0 ? tail / 2 : 1 - tail / 2;
}

/** The value below which a share of a normal distribution lies, by bisection. */
function quantile(share: number, distribution: NormalDistribution): number {
  let low = distribution.mean - 10 * distribution.deviation;
  let high = distribution.mean + 10 * distribution.deviation;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (1 - shareAbove(middle, distribution) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
