import { median } from "@mien/bench";
import { random } from "@mien/format";
import { createSmoother, resolveConfirmation, type ConfirmationOptions } from "@mien/runtime";

/** Scores of one method of smoothing on sequences whose true expressions are known. */
export interface SmoothingScore {
  readonly name: string;
  /** Share of frames, 0–1, that show a wrong expression; frames that show none yet do not count. */
  readonly wrong: number;
  /** Share of frames, 0–1, that show a wrong expression other than Neutral. */
  readonly falseClaims: number;
  /** Share of frames, 0–1, where the shown expression changes to a wrong one. */
  readonly flicker: number;
  /**
   * Number of frames from a change of the true expression until the new expression is shown; median
   * over the changes that are shown.
   */
  readonly delay: number;
  /** Share of changes, 0–1, that are shown before the next change. */
  readonly shown: number;
}

const LABELS = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];
/**
 * Added to the logit of the true label, so that the accuracy of single frames is 61 %;
 * see docs/decisions/confirmation-window.md.
 */
const SHARPNESS = [1.6, 1.8, 1.1, 3.0, 1.5, 2.7, 2.2];
const FRAMES = 3000;
const SEQUENCES = 20;
/** Correlation of the errors of neighbouring frames, which look alike. */
const MEMORY = 0.8;

const METHODS: readonly [string, ConfirmationOptions | null][] = [
  ["single frames", null],
  ["window 10, 60 %", { size: 10 }],
  ["window 20, 60 % (default)", {}],
  ["window 40, 60 %", { size: 40 }],
  ["window 20, 50 %", { quorum: 0.5 }],
  ["exponential 10, 35 %", { method: "exponential", size: 10, quorum: 0.35 }],
  ["exponential 20, 35 %", { method: "exponential", quorum: 0.35 }],
  ["exponential 20, 60 %", { method: "exponential" }],
  ["viterbi 1e-2", { method: "viterbi", change: 1e-2 }],
  ["viterbi 1e-4", { method: "viterbi", change: 1e-4 }],
  ["viterbi 1e-8", { method: "viterbi" }],
];

/** Evaluates every method on the same synthetic sequences. */
export function compareSmoothing(seed = 1): SmoothingScore[] {
  const sequences = Array.from({ length: SEQUENCES }, (_, i) => sequence(seed, i));
  return METHODS.map(([name, options]) => score(name, options, sequences));
}

interface Sequence {
  /** Index of the true label, by frame. */
  readonly truth: readonly number[];
  /** Probabilities of a simulated model, by frame. */
  readonly read: readonly (readonly number[])[];
}

/**
 * A sequence of expressions. Each expression lasts one to six seconds at 30 frames/s, and every second
 * expression is Neutral. The logits of a frame are noise that changes slowly from frame to frame, plus
 * `SHARPNESS` for the true label.
 */
function sequence(seed: number, index: number): Sequence {
  const stream = random(seed, "smoothing", index);
  const neutral = LABELS.length - 1;
  const truth: number[] = [];
  while (truth.length < FRAMES) {
    const label = truth.at(-1) === neutral ? stream.integer(neutral) : neutral;
    const length = Math.round(stream.between(30, 180));
    for (let i = 0; i < length; i++) truth.push(label);
  }
  let errors = LABELS.map(() => 0);
  const read = truth.map((label) => {
    errors = errors.map((error) => {
      const fresh = stream.normal() * Math.sqrt(1 - MEMORY ** 2);
      return MEMORY * error + fresh;
    });
    const logits = errors.map(
      (error, i) => 1.3 * error + (i === label ? (SHARPNESS[i] ?? NaN) : 0),
    );
    const powers = logits.map(Math.exp);
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
  return { truth, read };
}

function score(
  name: string,
  options: ConfirmationOptions | null,
  sequences: readonly Sequence[],
): SmoothingScore {
  const delays: number[] = [];
  let [frames, wrong, claims, flickers, changes] = [0, 0, 0, 0, 0];
  for (const { truth, read } of sequences) {
    const answers = answersOf(options, read);
    let since = 0;
    let isShown = true;
    for (let i = 1; i < truth.length; i++) {
      const wanted = LABELS[truth[i] ?? NaN];
      if (truth[i] !== truth[i - 1]) {
        changes++;
        since = i;
        isShown = false;
      }
      if (!isShown && answers[i] === wanted) {
        isShown = true;
        delays.push(i - since);
      }
      if (answers[i] === null) continue;
      frames++;
      if (answers[i] !== wanted) wrong++;
      if (answers[i] !== wanted && answers[i] !== "Neutral") claims++;
      const isCorrection = answers[i] === wanted;
      if (answers[i - 1] !== null && answers[i] !== answers[i - 1] && !isCorrection) flickers++;
    }
  }
  return {
    name,
    wrong: wrong / frames,
    falseClaims: claims / frames,
    flicker: flickers / frames,
    delay: delays.length === 0 ? Infinity : median(delays),
    shown: delays.length / changes,
  };
}

function answersOf(options: ConfirmationOptions | null, read: Sequence["read"]) {
  if (options === null) {
    return read.map((row) => LABELS[row.indexOf(Math.max(...row))] ?? null);
  }
  const smoother = createSmoother(resolveConfirmation(options, LABELS), LABELS);
  return read.map((row) => smoother.add(row)?.expression ?? null);
}
