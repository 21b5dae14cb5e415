import { voteColumns, voteWinners, type Votes } from "@mien/data";
import { itemAt, MienError, type ImageSet } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import { HEADS, isTwoHeaded } from "../network/heads.ts";
import type { TeacherProbabilities } from "./teacher.ts";

/** The sources of the targets besides the labels of the set. */
export interface TargetSources {
  /** FER+ votes; needed if `voteShare` or `voteHead` is above 0. */
  readonly votes?: Votes | undefined;
  /** A teacher's probabilities; needed if `distillation` > 0. */
  readonly teacher?: TeacherProbabilities | undefined;
}

/**
 * The target probabilities of every image of a set: [N, classes], or with two heads [N, 2 × classes],
 * those of the first head before those of the second.
 */
export interface Targets {
  /** For the loss in training: with label smoothing and distillation. */
  readonly training: Float32Array;
  /** For the evaluation: without label smoothing and distillation. */
  readonly evaluation: Float32Array;
  /** [N], the most probable class of `evaluation`, of the first head; the first one if several are equal. */
  readonly labels: Int32Array;
  /** [N], 1 for images that have a target, 0 for images that show no face according to the votes. */
  readonly usable: Uint8Array;
  /**
   * The ground truths that the choice of the epoch weighs equally; present only if the network learns
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
type TargetConfig = Pick<
  TrainConfig,
  "voteShare" | "voteHead" | "labelSmoothing" | "distillation" | "teacherTemperature"
>;

/**
 * Mixes the labels of a set with FER+ votes, smooths them (Szegedy et al. 2016) and mixes them with
 * a teacher's probabilities (Hinton et al. 2015; unlike there, the temperature is only the teacher's). With two heads, the targets of the
 * first head are the labels and those of the second head the votes; `voteShare` has no effect.
 *
 * @throws {MienError} `bad-config` if the configuration needs a source that is not given.
 */
export function makeTargets(set: ImageSet, config: TargetConfig, sources: TargetSources): Targets {
  if (!isTwoHeaded(config)) return mixTargets(set, config, sources);
  const { votes } = sources;
  if (!votes) throw missing("voteHead", "FER+ votes", "--ferplus FILE");
  // A head learns only from the teacher of the same source.
  const headTargets = (voteShare: 0 | 1, by: keyof TeacherProbabilities) => {
    const teacher = sources.teacher && { [by]: sources.teacher[by] };
    return mixTargets(set, { ...config, voteShare }, { votes, teacher });
  };
  const byLabels = headTargets(0, "byLabels");
  const byVotes = headTargets(1, "byVotes");
  const classes = set.classes.length;
  const interleave = (kind: "training" | "evaluation") => {
    const both = new Float32Array(HEADS * set.labels.length * classes);
    set.labels.forEach((_, i) => {
      const row = (targets: Targets) => targets[kind].subarray(i * classes, (i + 1) * classes);
      both.set(row(byLabels), HEADS * i * classes);
      // An image that shows no face according to the votes has its label as the target of both heads.
      const second = byVotes.usable[i] === 1 ? byVotes : byLabels;
      both.set(row(second), (HEADS * i + 1) * classes);
    });
    return both;
  };
  const { labels, usable } = byLabels;
  const [training, evaluation] = [interleave("training"), interleave("evaluation")];
  const truths = { labels: set.labels, votes: voteWinners(votes, set.classes) };
  return { training, evaluation, labels, usable, truths };
}

/** The targets of a network with one head. */
function mixTargets(
  set: ImageSet,
  config: Omit<TargetConfig, "voteHead">,
  sources: TargetSources,
): Targets {
  const { votes } = sources;
  const { voteShare, labelSmoothing, distillation, teacherTemperature } = config;
  const classes = set.classes.length;
  if (voteShare > 0 && !votes) throw missing("voteShare", "FER+ votes", "--ferplus FILE");
  if (distillation > 0 && !sources.teacher) {
    throw missing("distillation", "a teacher", "--teacher FILE");
  }
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
    const taught =
      distillation > 0
        ? withTemperature(taughtRow(sources.teacher, { row, classes, share }), teacherTemperature)
        : undefined;
    const teacherShare = taught ? distillation : 0;
    let [best, highest] = [0, -1];
    for (let k = 0; k < classes; k++) {
      const own = set.labels[i] === k ? 1 : 0;
      const value = (1 - share) * own + share * (voted?.[k] ?? 0);
      evaluation[row + k] = value;
      const smooth = (1 - labelSmoothing) * value + labelSmoothing / classes;
      training[row + k] = (1 - teacherShare) * smooth + teacherShare * (taught?.[k] ?? 0);
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
 * A teacher's probabilities for an image, undefined if it has none: of the teacher by labels and of
 * the teacher by votes in the shares of the target, or of the only one that there is.
 */
function taughtRow(
  teacher: TeacherProbabilities | undefined,
  {
    row,
    classes,
    share,
  }: { readonly row: number; readonly classes: number; readonly share: number },
): Float32Array | undefined {
  const rowOf = (probabilities: Float32Array | undefined) => {
    const found = probabilities?.subarray(row, row + classes);
    return found?.some((value) => value > 0) ? found : undefined;
  };
  const byLabels = rowOf(teacher?.byLabels);
  const byVotes = rowOf(teacher?.byVotes);
  if (!byLabels || !byVotes) return byLabels ?? byVotes;
  return byLabels.map((value, k) => (1 - share) * value + share * itemAt(byVotes, k));
}

/** Probabilities raised to 1 / temperature and divided by their sum. */
function withTemperature(
  probabilities: Float32Array | undefined,
  temperature: number,
): Float32Array | undefined {
  if (probabilities === undefined || temperature === 1) return probabilities;
  const powers = probabilities.map((value) => value ** (1 / temperature));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
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
