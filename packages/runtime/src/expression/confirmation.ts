import { checkOptions } from "../check-options.ts";

/** How single frames become a stable expression. */
export interface ConfirmationOptions {
  /**
   * - `window` (default): the expression that fills more than `quorum` of the last `size` frames;
   * - `exponential`: the highest of exponentially smoothed probabilities, if above `quorum`;
   * - `viterbi`: where the likeliest sequence of expressions ends, if they seldom change.
   */
  readonly method?: "window" | "exponential" | "viterbi";
  /** Frames to wait before anything is confirmed, 1–1000; default 20. */
  readonly size?: number;
  /** Share, 0–1, that must agree; default 0.6. Not used by `viterbi`. */
  readonly quorum?: number;
  /** What is confirmed when nothing has a quorum; default `Neutral` if it is a label, else `unsure`. */
  readonly fallback?: string;
  /** `viterbi`: probability that the expression changes from one frame to the next; default 1e-8. */
  readonly change?: number;
}

/** Options with every value decided. */
export type Confirmation = Required<ConfirmationOptions>;

/** @throws {MienError} `usage` for an option that is unknown or out of range. */
export function resolveConfirmation(
  options: ConfirmationOptions,
  labels: readonly string[],
): Confirmation {
  checkOptions("confirmation", options);
  const { method = "window", size = 20, quorum = 0.6, change = 1e-8 } = options;
  const { fallback = labels.includes("Neutral") ? "Neutral" : "unsure" } = options;
  return { method, size, quorum, fallback, change };
}

/** What a full window says. */
export interface Confirmed {
  /** An expression, or what stands for none: Neutral, or `unsure`. */
  readonly expression: string;
  /** Whether that expression has the quorum; false where it stands for none. `viterbi`: true. */
  readonly quorumReached: boolean;
}

/** The memory of one face: what it showed so far, and what of it is sure. */
export interface Smoother {
  /**
   * @param probabilities of one more frame, in the order of the labels.
   * @returns what is confirmed now; null until `size` frames are there.
   */
  add(probabilities: ArrayLike<number>): Confirmed | null;
}

/** @param options resolved by `resolveConfirmation`. */
export function createSmoother(options: Confirmation, labels: readonly string[]): Smoother {
  if (options.method === "exponential") return exponential(options, labels);
  return options.method === "viterbi" ? viterbi(options, labels) : countingWindow(options, labels);
}

function countingWindow({ size, quorum, fallback }: Confirmation, labels: readonly string[]) {
  const recent: number[] = [];
  const counts = labels.map(() => 0);
  return {
    add(probabilities: ArrayLike<number>) {
      const best = argmax(probabilities);
      recent.push(best);
      counts[best] = (counts[best] ?? 0) + 1;
      if (recent.length > size) {
        const oldest = recent.shift() as number;
        counts[oldest] = (counts[oldest] as number) - 1;
      }
      if (recent.length < size) return null;
      const most = argmax(counts);
      return answer((counts[most] as number) > quorum * size, labels[most], fallback);
    },
  };
}

/** Its weights have the mean age of a window of `size` frames, (size − 1) / 2. */
function exponential({ size, quorum, fallback }: Confirmation, labels: readonly string[]) {
  const mean = labels.map(() => 0);
  const keep = (size - 1) / (size + 1);
  let frames = 0;
  return {
    add(probabilities: ArrayLike<number>) {
      frames++;
      // A plain mean at first, so that the first frame does not weigh more than the others.
      const weight = Math.max(1 - keep, 1 / frames);
      for (let i = 0; i < mean.length; i++) {
        mean[i] =
          (mean[i] as number) + weight * ((probabilities[i] as number) - (mean[i] as number));
      }
      if (frames < size) return null;
      const best = argmax(mean);
      return answer((mean[best] as number) > quorum, labels[best], fallback);
    },
  };
}

/** The online half of Viterbi's algorithm: the likeliest last state, not a look back. */
function viterbi({ size, change }: Confirmation, labels: readonly string[]) {
  const scores = labels.map(() => 0);
  const stay = Math.log(1 - change);
  const move = Math.log(change / Math.max(1, labels.length - 1));
  let frames = 0;
  return {
    add(probabilities: ArrayLike<number>) {
      frames++;
      const best = Math.max(...scores);
      for (let i = 0; i < scores.length; i++) {
        // A floor, since one frame that is sure and wrong must not outweigh all others.
        const seen = Math.log(Math.max(probabilities[i] as number, 0.02));
        // Less the best, so that scores stay small however long the sequence is.
        scores[i] = Math.max((scores[i] as number) - best + stay, move) + seen;
      }
      if (frames < size) return null;
      return { expression: labels[argmax(scores)] as string, quorumReached: true };
    },
  };
}

function answer(quorumReached: boolean, label: string | undefined, fallback: string): Confirmed {
  return { expression: quorumReached ? (label as string) : fallback, quorumReached };
}

/** The index of the largest value; the first of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) > (values[best] as number)) best = i;
  }
  return best;
}
