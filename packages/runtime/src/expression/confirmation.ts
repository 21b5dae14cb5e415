import { checkOptions } from "../check-options.ts";
import { pipelineSettings } from "../pipeline-settings.ts";
import type { OptionsOf, ResolvedOptions } from "../setting.ts";
import { argmax } from "./argmax.ts";

const settings = pipelineSettings.confirmation;

/** The fallback for a model without the label Neutral. */
const UNSURE = "unsure";

/**
 * Smallest probability with which `viterbi` computes, so that one frame that is certain and wrong
 * does not outweigh all others.
 */
const VITERBI_FLOOR = 0.02;

/** How a confirmed expression is computed from the expressions of single frames. */
export type ConfirmationOptions = OptionsOf<(typeof pipelineSettings)["confirmation"]>;

/** Confirmation options with every value decided. */
export type Confirmation = ResolvedOptions<(typeof pipelineSettings)["confirmation"]>;

/**
 * Checks the options and fills in the defaults.
 *
 * @param labels of the model. The default of `fallback` is Neutral, or `unsure` if the model has no
 * label Neutral.
 * @throws {MienError} `usage` for an option that is unknown or out of range.
 * @example
 * resolveConfirmation({ size: 10 }, ["Happy", "Neutral"]).fallback; // "Neutral"
 */
export function resolveConfirmation(
  options: ConfirmationOptions,
  labels: readonly string[],
): Confirmation {
  checkOptions("confirmation", options);
  const neutral = settings.fallback.default;
  const {
    method = settings.method.default,
    size = settings.size.default,
    quorum = settings.quorum.default,
    fallback = labels.includes(neutral) ? neutral : UNSURE,
    change = settings.change.default,
  } = options;
  return { method, size, quorum, fallback, change };
}

/** The expression that a full window confirms. */
export interface Confirmed {
  /** A label; where none exceeds the quorum, the fallback: Neutral or `unsure`. */
  readonly expression: string;
  /**
   * Whether the expression exceeds the quorum; false for the fallback. With the method `viterbi`, always
   * true.
   */
  readonly quorumReached: boolean;
}

/** Turns the probabilities of one face, frame by frame, into a confirmed expression. */
export interface Smoother {
  /**
   * For each label, in the order of the labels: the number of the last `size` frames in which this label
   * was the most probable.
   */
  readonly counts: readonly number[];
  /**
   * Adds one frame.
   *
   * @param probabilities in the order of the labels.
   * @returns the confirmed expression; null for the first `size` − 1 frames.
   */
  add(probabilities: ArrayLike<number>): Confirmed | null;
}

/**
 * Starts the confirmation of one face.
 *
 * @param options from `resolveConfirmation`.
 * @example
 * const labels = ["Happy", "Neutral"];
 * const smoother = createSmoother(resolveConfirmation({ size: 2 }, labels), labels);
 * smoother.add([0.9, 0.1]); // null
 * smoother.add([0.8, 0.2]); // { expression: "Happy", quorumReached: true }
 */
export function createSmoother(options: Confirmation, labels: readonly string[]): Smoother {
  const { size } = options;
  const recent: number[] = [];
  const counts = labels.map(() => 0);
  const confirm = confirmationMethods[options.method]({ options, labels, counts });
  let frames = 0;

  function count(winner: number, by: number): void {
    counts[winner] = (counts[winner] ?? 0) + by;
  }

  return {
    counts,
    add(probabilities) {
      frames++;
      const winner = argmax(probabilities);
      recent.push(winner);
      count(winner, 1);
      if (recent.length > size) count(recent.shift() ?? 0, -1);
      const confirmed = confirm(probabilities, frames);
      return frames < size ? null : confirmed;
    },
  };
}

interface MethodInput {
  readonly options: Confirmation;
  readonly labels: readonly string[];
  /**
   * For each label, the number of the last `size` frames in which this label was the most probable. A
   * frame is counted before `Confirm` is called for it.
   */
  readonly counts: readonly number[];
}

/** Adds one frame and returns the confirmed expression. `frames` is the number of frames so far. */
type Confirm = (probabilities: ArrayLike<number>, frames: number) => Confirmed;

const confirmationMethods = { window: countingWindow, exponential, viterbi } satisfies Record<
  Confirmation["method"],
  (input: MethodInput) => Confirm
>;

function countingWindow({ options, labels, counts }: MethodInput): Confirm {
  const { size, quorum, fallback } = options;
  return () => largestAbove(quorum * size, counts, { labels, fallback });
}

/**
 * The exponential mean of the probabilities. The mean age of the frames, by weight, is the same as in a
 * window of `size` frames: (size − 1) / 2.
 */
function exponential({ options, labels }: MethodInput): Confirm {
  const { size, quorum, fallback } = options;
  const mean = labels.map(() => 0);
  const keep = (size - 1) / (size + 1);
  return (probabilities, frames) => {
    // A plain mean at first, so that the first frame does not weigh more than the others.
    const weight = Math.max(1 - keep, 1 / frames);
    for (const [i, value] of mean.entries()) {
      mean[i] = value + weight * ((probabilities[i] ?? 0) - value);
    }
    return largestAbove(quorum, mean, { labels, fallback });
  };
}

/** Viterbi's algorithm without its backward pass: the likeliest state of the last frame. */
function viterbi({ options, labels }: MethodInput): Confirm {
  const { change, fallback } = options;
  const scores = labels.map(() => 0);
  const stay = Math.log(1 - change);
  const move = Math.log(change / Math.max(1, labels.length - 1));
  return (probabilities) => {
    const best = Math.max(...scores);
    for (const [i, score] of scores.entries()) {
      const observed = Math.log(Math.max(probabilities[i] ?? 0, VITERBI_FLOOR));
      // The best score is subtracted, so that scores stay small however long the sequence is.
      scores[i] = Math.max(score - best + stay, move) + observed;
    }
    return { expression: labels[argmax(scores)] ?? fallback, quorumReached: true };
  };
}

/** The label with the largest value if this value exceeds a limit, else the fallback. */
function largestAbove(
  limit: number,
  values: readonly number[],
  { labels, fallback }: { readonly labels: readonly string[]; readonly fallback: string },
): Confirmed {
  const best = argmax(values);
  const label = labels[best];
  const quorumReached = label !== undefined && (values[best] ?? 0) > limit;
  return { expression: quorumReached ? label : fallback, quorumReached };
}
