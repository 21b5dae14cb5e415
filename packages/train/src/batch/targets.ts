import { voteColumns, type Votes } from "@mien/data";
import { MienError, type ImageSet } from "@mien/format";
import type { TrainConfig } from "../config.ts";

/** Where targets come from, beside the set's own labels. */
export interface TargetSources {
  /** FER+ votes; needed if `voteShare` > 0. */
  readonly votes?: Votes | undefined;
  /** A teacher's probabilities [N, classes]; needed if `distillation` > 0. Rows of 0 have none. */
  readonly teacher?: Float32Array | undefined;
}

/** What the network shall answer for every image of a set. */
export interface Targets {
  /** Probabilities to learn [N, classes]: smoothed, and mixed with the teacher's. */
  readonly learned: Float32Array;
  /** Probabilities [N, classes] to be judged by: neither smoothed nor mixed. */
  readonly truth: Float32Array;
  /** The most probable class of `truth`, [N]; of equals the first. */
  readonly labels: Int32Array;
  /** 1 for images that have a target, 0 for those that voters called no face. */
  readonly usable: Uint8Array;
}

/** The hyperparameters that targets depend on. */
export type TargetConfig = Pick<TrainConfig, "voteShare" | "labelSmoothing" | "distillation">;

/**
 * Mixes a set's labels with FER+ votes, smooths them (Szegedy et al. 2016) and mixes them with a
 * teacher's answers (Hinton et al. 2015, at temperature 1).
 *
 * @throws {MienError} `bad-config` if the configuration asks for a source that is not given.
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
  const truth = new Float32Array(count * classes);
  const learned = new Float32Array(count * classes);
  const labels = new Int32Array(count);
  const usable = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const row = i * classes;
    const voted = shares?.subarray(row, row + classes);
    const isVoted = voted?.some((share) => share > 0) ?? false;
    // An image that voters call no face still has its label, unless only votes count.
    const share = isVoted ? voteShare : 0;
    usable[i] = isVoted || voteShare < 1 ? 1 : 0;
    const taught = teacher?.subarray(row, row + classes);
    const isTaught = distillation > 0 && (taught?.some((value) => value > 0) ?? false);
    const lesson = isTaught ? distillation : 0;
    let best = 0;
    for (let k = 0; k < classes; k++) {
      const own = set.labels[i] === k ? 1 : 0;
      const value = (1 - share) * own + share * (voted?.[k] ?? 0);
      truth[row + k] = value;
      const smooth = (1 - labelSmoothing) * value + labelSmoothing / classes;
      learned[row + k] = (1 - lesson) * smooth + lesson * (taught?.[k] ?? 0);
      if (value > (truth[row + best] as number)) best = k;
    }
    labels[i] = best;
  }
  return { learned, truth, labels, usable };
}

/**
 * Votes as probabilities [N, classes]. As in FER+'s own training code, a class that only one of
 * the voters named is taken for a slip. Rows are 0 where an answer that is no class has most votes.
 */
export function voteTargets(votes: Votes, classes: readonly string[]): Float32Array {
  const columns = voteColumns(votes, classes);
  const width = votes.columns.length;
  const count = votes.counts.length / width;
  const targets = new Float32Array(count * classes.length);
  for (let i = 0; i < count; i++) {
    const row = votes.counts.subarray(i * width, (i + 1) * width);
    const named = columns.map((column) => row[column] as number).map((n) => (n > 1 ? n : 0));
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
 * What is added to the logits in the loss so that rare classes count as much as frequent ones:
 * `strength` · log(frequency) (Menon et al. 2021, logit adjustment).
 *
 * @param learned [N, classes]. @param positions of the training images.
 */
export function logitAdjustment(
  learned: Float32Array,
  positions: Uint32Array,
  { classes, strength }: { readonly classes: number; readonly strength: number },
): Float32Array {
  const mass = new Float64Array(classes);
  for (const position of positions) {
    for (let k = 0; k < classes; k++) mass[k]! += learned[position * classes + k] as number;
  }
  // A class without any image would give minus infinity.
  return Float32Array.from(
    mass,
    (sum) => strength * Math.log((sum + 1) / (positions.length + classes)),
  );
}

function missing(key: string, what: string, flag: string): MienError {
  return new MienError("bad-config", `${key} needs ${what}`, { advice: `Add ${flag}.` });
}
