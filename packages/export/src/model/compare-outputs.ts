import { MienError } from "@mien/format";

/** What still counts as agreement. */
export interface Allowance {
  /** Largest difference between two probabilities. */
  readonly tolerance: number;
  /** Whether every answer must be the same. */
  readonly sameAnswers: boolean;
}

/** One image that two models answer differently. */
export interface Parting {
  /** Position of the image in the comparison, 0 to N − 1. */
  readonly image: number;
  /** The largest difference between probabilities of one class; NaN if one is not a number. */
  readonly difference: number;
  /** The class with that difference. */
  readonly class: string;
  /** The probabilities of that class. */
  readonly expected: number;
  readonly found: number;
  /** The classes that the models answer with. */
  readonly expectedAnswer: string;
  readonly foundAnswer: string;
}

/** How far the answers of two models agree. */
export interface Agreement {
  readonly images: number;
  /** The largest difference between two probabilities. */
  readonly maxDifference: number;
  /** Share of images with the same answer, 0–1; 1 if there are no images. */
  readonly agreement: number;
  /** The images whose answers or probabilities differ more than allowed, the worst first. */
  readonly partings: readonly Parting[];
  readonly allowed: Allowance;
}

/**
 * Compares the probabilities of two models, image by image.
 *
 * @param expected [N, classes] row-major.
 * @param found [N, classes] row-major.
 * @param classes class names in the order of the probabilities.
 * @param allowed by default what float32 engines reach: 1e-5 and no other answer.
 * @throws {MienError} `mismatch` if the two differ in length.
 */
export function comparePredictions(
  expected: Float32Array,
  found: Float32Array,
  classes: readonly string[],
  allowed: Allowance = { tolerance: 1e-5, sameAnswers: true },
): Agreement {
  if (expected.length !== found.length) {
    throw new MienError(
      "mismatch",
      `expected ${expected.length} probabilities, found ${found.length}`,
    );
  }
  const count = classes.length;
  const images = expected.length / count;
  const partings: Parting[] = [];
  let maxDifference = 0;
  let same = 0;
  for (let image = 0; image < images; image++) {
    const a = expected.subarray(image * count, (image + 1) * count);
    const b = found.subarray(image * count, (image + 1) * count);
    const worst = largestDifference(a, b);
    const [answerA, answerB] = [argmax(a), argmax(b)];
    if (answerA === answerB) same++;
    // Math.max keeps a NaN, which is no agreement either.
    maxDifference = Math.max(maxDifference, worst.difference);
    const sameAnswer = answerA === answerB || !allowed.sameAnswers;
    if (sameAnswer && worst.difference <= allowed.tolerance) continue;
    partings.push({
      image,
      difference: worst.difference,
      class: classes[worst.at] as string,
      expected: a[worst.at] as number,
      found: b[worst.at] as number,
      expectedAnswer: classes[answerA] as string,
      foundAnswer: classes[answerB] as string,
    });
  }
  const rank = ({ difference }: Parting) => (Number.isNaN(difference) ? Infinity : difference);
  partings.sort((a, b) => rank(b) - rank(a) || a.image - b.image);
  return { images, maxDifference, agreement: images === 0 ? 1 : same / images, partings, allowed };
}

/**
 * Refuses models that do not agree.
 *
 * @param what the two models and the images, e.g. `tfjs and model.onnx part on the reference`.
 * @param nameOf what to call an image, e.g. its row in the CSV.
 * @throws {MienError} `mismatch` naming the worst images, their classes and both values.
 */
export function requireAgreement(
  agreement: Agreement,
  what: string,
  nameOf: (image: number) => string = (image) => `image ${image}`,
): void {
  const { partings, images, allowed } = agreement;
  if (partings.length === 0) return;
  const lines = partings.slice(0, 5).map((parting) => {
    const { difference, expected, found, expectedAnswer, foundAnswer } = parting;
    const answers =
      expectedAnswer === foundAnswer
        ? `both answer ${expectedAnswer}`
        : `${expectedAnswer} became ${foundAnswer}`;
    return (
      `  ${nameOf(parting.image)}: ${parting.class} ${expected} became ${found} ` +
      `(difference ${difference.toExponential(1)}, ${answers})`
    );
  });
  const more = partings.length > 5 ? [`  and ${partings.length - 5} more`] : [];
  throw new MienError(
    "mismatch",
    [`${what}: ${partings.length} of ${images} images differ`, ...lines, ...more].join("\n"),
    {
      advice:
        `At most ${allowed.tolerance} a probability` +
        `${allowed.sameAnswers ? " and no other answer" : ""} are allowed.`,
    },
  );
}

/** The number of images whose answer is their label. */
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
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs((a[at] as number) - (b[at] as number));
    if (Number.isNaN(difference)) return { difference, at };
    if (difference > worst.difference) worst = { difference, at };
  }
  return worst;
}

/** Position of the largest value, the first of equals. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) {
    if ((values[i] as number) > (values[best] as number)) best = i;
  }
  return best;
}
