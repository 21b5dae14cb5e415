import { itemAt, MienError } from "@mien/format";

/** Differences between two models that are accepted. */
export interface Allowance {
  /** Largest difference between two probabilities. */
  readonly tolerance: number;
  /** Whether every prediction must be the same. */
  readonly samePredictions: boolean;
}

/** An image for which the outputs of two models differ more than allowed. */
interface Disagreement {
  /** Position of the image in the comparison, 0 to N − 1. */
  readonly image: number;
  /** The largest difference between the probabilities of one class; NaN if one is NaN. */
  readonly difference: number;
  /** The class with that difference. */
  readonly class: string;
  /** The probability of that class from the expected model, 0–1. */
  readonly expected: number;
  /** The probability of that class from the tested model, 0–1. */
  readonly found: number;
  /** The class that the expected model predicts. */
  readonly expectedPrediction: string;
  /** The class that the tested model predicts. */
  readonly foundPrediction: string;
}

/** A comparison of the outputs of two models. */
export interface Agreement {
  /** The number of images compared. */
  readonly images: number;
  /** The largest difference between two probabilities; NaN if one is NaN. */
  readonly maxDifference: number;
  /** Share of images with the same prediction, 0–1; 1 if there are no images. */
  readonly agreement: number;
  /** The images that differ more than allowed, the largest difference first. */
  readonly disagreements: readonly Disagreement[];
  readonly allowed: Allowance;
}

/**
 * Compares the probabilities of two models image by image.
 *
 * @param expected [N, classes] row-major.
 * @param found [N, classes] row-major.
 * @param options.classes class names in the order of the probabilities.
 * @param options.allowed default: a difference of 1e-5, the rounding between float32 engines, and
 * the same predictions.
 * @throws {MienError} `mismatch` if the two arrays differ in length.
 */
export function comparePredictions(
  expected: Float32Array,
  found: Float32Array,
  options: { readonly classes: readonly string[]; readonly allowed?: Allowance },
): Agreement {
  const { classes, allowed = { tolerance: 1e-5, samePredictions: true } } = options;
  if (expected.length !== found.length) {
    throw new MienError(
      "mismatch",
      `expected ${expected.length} probabilities, found ${found.length}`,
    );
  }
  const count = classes.length;
  const images = expected.length / count;
  const disagreements: Disagreement[] = [];
  let maxDifference = 0;
  let same = 0;
  for (let image = 0; image < images; image++) {
    const a = expected.subarray(image * count, (image + 1) * count);
    const b = found.subarray(image * count, (image + 1) * count);
    const worst = largestDifference(a, b);
    const [classA, classB] = [argmax(a), argmax(b)];
    if (classA === classB) same++;
    // Math.max returns NaN if one argument is NaN, so a NaN is never counted as agreement.
    maxDifference = Math.max(maxDifference, worst.difference);
    const accepted = classA === classB || !allowed.samePredictions;
    if (accepted && worst.difference <= allowed.tolerance) continue;
    disagreements.push({
      image,
      difference: worst.difference,
      class: itemAt(classes, worst.at),
      expected: itemAt(a, worst.at),
      found: itemAt(b, worst.at),
      expectedPrediction: itemAt(classes, classA),
      foundPrediction: itemAt(classes, classB),
    });
  }
  const rank = ({ difference }: Disagreement) => (Number.isNaN(difference) ? Infinity : difference);
  disagreements.sort((a, b) => rank(b) - rank(a) || a.image - b.image);
  const agreement = images === 0 ? 1 : same / images;
  return { images, maxDifference, agreement, disagreements, allowed };
}

/**
 * Throws if two models differ more than allowed.
 *
 * @param what a clause that names the two models and the images, e.g.
 * `tfjs and model.onnx differ on the reference images`.
 * @param nameOf the name of an image in the message, e.g. its row in the CSV; default `image N`.
 * @throws {MienError} `mismatch` naming the five largest differences: image, class, both values.
 */
export function requireAgreement(
  agreement: Agreement,
  what: string,
  nameOf: (image: number) => string = (image) => `image ${image}`,
): void {
  const { disagreements, images, allowed } = agreement;
  if (disagreements.length === 0) return;
  const lines = disagreements.slice(0, 5).map((disagreement) => {
    const { difference, expected, found, expectedPrediction, foundPrediction } = disagreement;
    const predictions =
      expectedPrediction === foundPrediction
        ? `both predict ${expectedPrediction}`
        : `prediction ${expectedPrediction} became ${foundPrediction}`;
    return (
      `  ${nameOf(disagreement.image)}: ${disagreement.class} ${expected} became ${found} ` +
      `(difference ${difference.toExponential(1)}, ${predictions})`
    );
  });
  const more = disagreements.length > 5 ? [`  and ${disagreements.length - 5} more`] : [];
  throw new MienError(
    "mismatch",
    [`${what}: ${disagreements.length} of ${images} images differ`, ...lines, ...more].join("\n"),
    {
      advice:
        `The largest difference allowed for a probability is ${allowed.tolerance}` +
        `${allowed.samePredictions ? "; predictions must be the same" : ""}.`,
    },
  );
}

/** The number of images whose predicted class is their label. */
export function countCorrect(probabilities: Float32Array, labels: ArrayLike<number>): number {
  const classes = probabilities.length / labels.length;
  let correct = 0;
  for (let i = 0; i < labels.length; i++) {
    if (argmax(probabilities.subarray(i * classes, (i + 1) * classes)) === labels[i]) correct++;
  }
  return correct;
}

function largestDifference(a: Float32Array, b: Float32Array): { difference: number; at: number } {
  let worst = { difference: 0, at: 0 };
  for (const [at, value] of a.entries()) {
    const difference = Math.abs(value - itemAt(b, at));
    if (Number.isNaN(difference)) return { difference, at };
    if (difference > worst.difference) worst = { difference, at };
  }
  return worst;
}

/** Position of the largest value, the first of equal ones. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if (itemAt(values, i) > itemAt(values, best)) best = i;
  }
  return best;
}
