import { distanceTo, type Measure, type Person } from "./people.ts";

/** Where the line between the enrolled and strangers is, and what may be expected of it. */
export interface Calibration {
  /** Greatest distance at which somebody is recognised. */
  readonly threshold: number;
  /** Expected share of strangers that are taken for somebody, 0–1; null if there is no telling. */
  readonly falseAccept: number | null;
  /** Expected share of pictures of the enrolled that are taken for a stranger's, 0–1. */
  readonly falseReject: number | null;
  /** Comparisons of one person's pictures with one another that this rests on. */
  readonly genuine: number;
  /** Comparisons of different people's pictures that this rests on. */
  readonly impostor: number;
}

/** Distances as a normal distribution: a mean and a standard deviation. */
interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * Draws the line from the enrolled pictures themselves.
 *
 * Genuine distances come from leaving each picture out and comparing it with the others of that
 * person; impostor distances from comparing it with the nearest of the other people, as a stranger
 * would be, and from features of strangers that were brought along. Both are taken as normal.
 * The line is where both kinds of error are equally likely, or nearer, so that at most the wanted
 * share of strangers is let in.
 */
export function calibrate(
  people: readonly Person[],
  recogniser: Measure,
  options: { readonly maxFalseAccept: number; readonly impostors: readonly Float32Array[] },
): Calibration {
  const genuine: number[] = [];
  const impostor: number[] = [];
  const nearest = (feature: Float32Array, others: readonly Person[]) =>
    Math.min(...others.map(({ features }) => distanceTo(feature, features, recogniser)));
  for (const person of people) {
    const others = people.filter((other) => other !== person);
    person.features.forEach((feature, i) => {
      const rest = person.features.filter((_, k) => k !== i);
      if (rest.length > 0) genuine.push(distanceTo(feature, rest, recogniser));
      if (others.length > 0) impostor.push(nearest(feature, others));
    });
  }
  if (people.length > 0) {
    for (const feature of options.impostors) impostor.push(nearest(feature, people));
  }
  const counts = { genuine: genuine.length, impostor: impostor.length };
  const own = spreadOf(genuine);
  const strange = spreadOf(impostor);
  if (strange === null) {
    // Nothing to compare with: as far as the person's own pictures go.
    const threshold = own === null ? 0 : own.mean + 2 * own.deviation;
    const falseReject = own === null ? null : above(threshold, own);
    return { ...counts, threshold, falseAccept: null, falseReject };
  }
  const strict = quantile(options.maxFalseAccept, strange);
  const equal = own === null ? strict : equalError(own, strange);
  const threshold = Math.max(0, Math.min(strict, equal));
  return {
    ...counts,
    threshold,
    falseAccept: 1 - above(threshold, strange),
    falseReject: own === null ? null : above(threshold, own),
  };
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.max(Math.sqrt(variance), 1e-6 + 0.02 * mean) };
}

/** Where as many of one kind are above as of the other below. */
function equalError(own: Spread, strange: Spread): number {
  return (
    (own.mean * strange.deviation + strange.mean * own.deviation) /
    (own.deviation + strange.deviation)
  );
}

/** The share of a normal distribution above a value (Abramowitz and Stegun 7.1.26). */
function above(value: number, { mean, deviation }: Spread): number {
  const z = (value - mean) / deviation / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * Math.abs(z));
  const tail =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) *
    Math.exp(-z * z);
  return z >= 0 ? tail / 2 : 1 - tail / 2;
}

/** The value below which a share of a normal distribution lies, by bisection. */
function quantile(share: number, spread: Spread): number {
  let low = spread.mean - 10 * spread.deviation;
  let high = spread.mean + 10 * spread.deviation;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (1 - above(middle, spread) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
