import { voteColumns, voteWinners, type Votes } from "@mien/data";
import { itemAt, MienError, type ImageSet } from "@mien/format";
import type { TrainConfig } from "../config.ts";

/** The sources of the targets besides the labels of the set. */
export interface TargetSources {
  /** FER+ votes; needed if `voteShare` > 0. */
  readonly votes?: Votes | undefined;
  /**
   * A teacher's probabilities [N, classes]; needed if `distillation` > 0. A row of zeros means that
   * the teacher has no probabilities for the image.
   */
  readonly teacher?: Float32Array | undefined;
}

/** The target probabilities of every image of a set. */
export interface Targets {
  /** [N, classes] for the loss in training: with label smoothing and distillation. */
  readonly training: Float32Array;
  /** [N, classes] for the evaluation: without label smoothing and distillation. */
  readonly evaluation: Float32Array;
  /** [N], the most probable class of `evaluation`; the first one if several are equal. */
  readonly labels: Int32Array;
  /** [N], 1 for images that have a target, 0 for images that show no face according to the votes. */
  readonly usable: Uint8Array;
  /**
   * The ground truths that the choice of the epoch weighs equally; present only if the targets are
   * labels and votes together.
   */
  readonly truths?: LabelsAndVotes;
}

/** The two ground truths of the images of a set. */
export interface LabelsAndVotes {
  /** [N], the labels of the data set. */
  readonly labels: ArrayLike<number>;
  /** [N], the winners of the FER+ votes, −1 for none. */
  readonly votes: ArrayLike<number>;
}

/** The hyperparameters that targets depend on. */
type TargetConfig = Pick<TrainConfig, "voteShare" | "labelSmoothing" | "distillation">;

/**
 * Mixes the labels of a set with FER+ votes, smooths them (Szegedy et al. 2016) and mixes them with
 * a teacher's probabilities (Hinton et al. 2015, at temperature 1).
 *
 * @throws {MienError} `bad-config` if the configuration needs a source that is not given.
 */
export function makeTargets(
  set: ImageSet,
  config: TargetConfig,
  { votes, teacher }: TargetSources,
): Targets {
  const { voteShare, labelSmoothing, distillation } = config;
  const classes = set.classes.length;
  if (voteShare > 0 && !votes) throw missing("voteShare", "FER+ votes", "--ferplus FILE");
  if (distillation > 0 && !teacher) throw missing("distillation", "a teacher", "--teacher FILE");
  const shares = votes && voteShare > 0 ? voteTargets(votes, set.classes) : undefined;
  const count = set.labels.length;
  const evaluation = new Float32Array(count * classes);
  const training = new Float32Array(count * classes);
  const labels = new Int32Array(count);
  const usable = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const row = i * classes;
    const voted = shares?.subarray(row, row + classes);
    const isVoted = voted?.some((share) => share > 0) ?? false;
    // An image that shows no face according to the votes keeps its label, unless `voteShare` is 1.
    const share = isVoted ? voteShare : 0;
    usable[i] = isVoted || voteShare < 1 ? 1 : 0;
    const fromTeacher = teacher?.subarray(row, row + classes);
    const hasTeacher = distillation > 0 && (fromTeacher?.some((value) => value > 0) ?? false);
    const teacherShare = hasTeacher ? distillation : 0;
    let [best, highest] = [0, -1];
    for (let k = 0; k < classes; k++) {
      const own = set.labels[i] === k ? 1 : 0;
      const value = (1 - share) * own + share * (voted?.[k] ?? 0);
      evaluation[row + k] = value;
      const smooth = (1 - labelSmoothing) * value + labelSmoothing / classes;
      training[row + k] = (1 - teacherShare) * smooth + teacherShare * (fromTeacher?.[k] ?? 0);
      // In 32 bits, as `evaluation` stores the values.
      if (value > highest) [best, highest] = [k, Math.fround(value)];
    }
    labels[i] = best;
  }
  const isMixed = votes && voteShare > 0 && voteShare < 1;
  const truths = isMixed && { labels: set.labels, votes: voteWinners(votes, set.classes) };
  return { training, evaluation, labels, usable, ...(truths && { truths }) };
}

/**
 * Votes as probabilities [N, classes]. As in the training code of FER+, a single vote for a class is
 * ignored. A row is zero if an answer that is not a class (such as no face) has the most votes.
 */
function voteTargets(votes: Votes, classes: readonly string[]): Float32Array {
  const columns = voteColumns(votes, classes);
  const width = votes.columns.length;
  const count = votes.counts.length / width;
  const targets = new Float32Array(count * classes.length);
  for (let i = 0; i < count; i++) {
    const row = votes.counts.subarray(i * width, (i + 1) * width);
    const named = columns.map((column) => itemAt(row, column)).map((n) => (n > 1 ? n : 0));
    const total = named.reduce((sum, n) => sum + n, 0);
    if (total === 0 || Math.max(...named) < Math.max(...row)) continue;
    targets.set(
      named.map((n) => n / total),
      i * classes.length,
    );
  }
  return targets;
}

/**
 * The logit adjustment (Menon et al. 2021) [classes], which is added to the logits in the loss so
 * that rare classes count as much as frequent classes: `strength` · log(frequency).
 *
 * @param targets [N, classes].
 * @param positions of the training images.
 */
export function logitAdjustment(
  targets: Float32Array,
  positions: Uint32Array,
  { classes, strength }: { readonly classes: number; readonly strength: number },
): Float32Array {
  const mass = new Float64Array(classes);
  for (const position of positions) {
    const row = targets.subarray(position * classes, (position + 1) * classes);
    row.forEach((probability, k) => (mass[k]! += probability));
  }
  // Each count is increased by 1, so that the logarithm is finite.
  return Float32Array.from(
    mass,
    (sum) => strength * Math.log((sum + 1) / (positions.length + classes)),
  );
}

function missing(key: string, what: string, flag: string): MienError {
  return new MienError("bad-config", `${key} needs ${what}`, { advice: `Add ${flag}.` });
}
