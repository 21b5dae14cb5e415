import { encodeModelMetadata, random } from "@mien/format";
import { writeOnnx, type Graph } from "./onnx-writer.ts";

export const HALVES = ["Top", "Bottom", "Left", "Right", "Even"] as const;
const SIDE = 8;
const GAIN = 12;
const EVEN = 3;

/**
 * A model that names the brighter half of an image, so that its output can be computed by hand: the
 * softmax of 12·(mean of the half − mean of the other half), pixels 0–1, and of 3 for `Even`. It
 * takes 8×8 grey pixels.
 *
 * @param changes parts of the graph to replace, which make the model wrong.
 */
export function halvesModel(changes: Partial<Graph> = {}): Uint8Array {
  const weights: number[] = [];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const unit = GAIN / 255 / (SIDE * (SIDE / 2));
      const vertical = y < SIDE / 2 ? unit : -unit;
      const horizontal = x < SIDE / 2 ? unit : -unit;
      weights.push(vertical, -vertical, horizontal, -horizontal, 0);
    }
  }
  return writeOnnx({
    inputs: [{ name: "input", shape: ["N", SIDE, SIDE, 1] }],
    outputs: [{ name: "probabilities", shape: ["N", HALVES.length] }],
    nodes: [
      { op: "Flatten", inputs: ["input"], outputs: ["pixels"], attributes: { axis: 1 } },
      { op: "Gemm", inputs: ["pixels", "w", "b"], outputs: ["logits"] },
      { op: "Softmax", inputs: ["logits"], outputs: ["probabilities"], attributes: { axis: 1 } },
    ],
    weights: {
      w: { shape: [SIDE * SIDE, HALVES.length], data: weights },
      b: { shape: [HALVES.length], data: [0, 0, 0, 0, EVEN] },
    },
    metadata: encodeModelMetadata({
      labels: HALVES,
      input: { height: SIDE, width: SIDE, channels: 1 },
    }),
    ...changes,
  });
}

/** The mean brightness of the halves of an image, 0–1. */
export interface Halves {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** The probabilities that the halves model must give. */
export function halvesAnswer({ top, bottom, left, right }: Halves): number[] {
  const logits = [top - bottom, bottom - top, left - right, right - left].map((d) => GAIN * d);
  const powers = [...logits, EVEN].map((logit) => Math.exp(logit));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * A convolutional network with random weights, 48×48 pixels and seven classes, for comparisons of
 * two engines.
 *
 * @param channels 1 for grey, 3 for RGB.
 */
export function convModel(channels: 1 | 3, seed = 1): Uint8Array {
  const draw = (key: string, shape: readonly number[], scale: number) => {
    const stream = random(seed, key);
    const count = shape.reduce((product, n) => product * n, 1);
    return { shape, data: Array.from({ length: count }, () => scale * stream.normal()) };
  };
  const conv = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] };
  return writeOnnx({
    inputs: [{ name: "input", shape: ["N", 48, 48, channels] }],
    outputs: [{ name: "probabilities", shape: ["N", 7] }],
    nodes: [
      {
        op: "Transpose",
        inputs: ["input"],
        outputs: ["nchw"],
        attributes: { perm: [0, 3, 1, 2] },
      },
      { op: "Mul", inputs: ["nchw", "scale"], outputs: ["scaled"] },
      { op: "Conv", inputs: ["scaled", "w1"], outputs: ["c1"], attributes: conv },
      { op: "Relu", inputs: ["c1"], outputs: ["r1"] },
      { op: "Conv", inputs: ["r1", "w2"], outputs: ["c2"], attributes: conv },
      { op: "Relu", inputs: ["c2"], outputs: ["r2"] },
      { op: "GlobalAveragePool", inputs: ["r2"], outputs: ["pooled"] },
      { op: "Flatten", inputs: ["pooled"], outputs: ["features"], attributes: { axis: 1 } },
      { op: "Gemm", inputs: ["features", "w3", "b3"], outputs: ["logits"] },
      { op: "Softmax", inputs: ["logits"], outputs: ["probabilities"], attributes: { axis: 1 } },
    ],
    weights: {
      scale: { shape: [1], data: [1 / 255] },
      w1: draw("w1", [8, channels, 3, 3], 0.7),
      w2: draw("w2", [16, 8, 3, 3], 0.3),
      w3: draw("w3", [16, 7], 0.5),
      b3: draw("b3", [7], 0.5),
    },
    metadata: encodeModelMetadata({
      labels: ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"],
      input: { height: 48, width: 48, channels },
    }),
  });
}

/**
 * A detector in the form of the tiny face detector that detects bright spots: a face in every cell of
 * 32×32 pixels whose mean brightness is above 128. Its score is the sigmoid of (mean − 128) / 10; its
 * box is centred in the cell and has the size of the first anchor (51.3×67.0 pixels).
 */
export function spotModel(): Uint8Array {
  const weights: number[] = [];
  const biases: number[] = [];
  for (let anchor = 0; anchor < 5; anchor++) {
    for (let value = 0; value < 5; value++) {
      const isScore = value === 4 && anchor === 0;
      weights.push(...Array.from({ length: 3 }, () => (isScore ? 0.1 / 3 : 0)));
      biases.push(value === 4 ? (isScore ? -12.8 : -20) : 0);
    }
  }
  return writeOnnx({
    inputs: [{ name: "input", shape: ["N", "height", "width", 3] }],
    outputs: [{ name: "output", shape: ["N", "rows", "columns", 25] }],
    nodes: [
      {
        op: "Transpose",
        inputs: ["input"],
        outputs: ["nchw"],
        attributes: { perm: [0, 3, 1, 2] },
      },
      {
        op: "AveragePool",
        inputs: ["nchw"],
        outputs: ["cells"],
        attributes: { kernel_shape: [32, 32], strides: [32, 32] },
      },
      { op: "Conv", inputs: ["cells", "w", "b"], outputs: ["map"] },
      {
        op: "Transpose",
        inputs: ["map"],
        outputs: ["output"],
        attributes: { perm: [0, 2, 3, 1] },
      },
    ],
    weights: {
      w: { shape: [25, 3, 1, 1], data: weights },
      b: { shape: [25], data: biases },
    },
    metadata: {},
  });
}

/** An embedding that consists of the mean colours of 3×3 parts of a face, 0–1: 27 values. */
export function colourModel(): Uint8Array {
  const conv = { kernel_shape: [50, 50], strides: [50, 50] };
  return writeOnnx({
    inputs: [{ name: "input", shape: ["N", 150, 150, 3] }],
    outputs: [{ name: "output", shape: ["N", 27] }],
    nodes: [
      {
        op: "Transpose",
        inputs: ["input"],
        outputs: ["nchw"],
        attributes: { perm: [0, 3, 1, 2] },
      },
      { op: "Mul", inputs: ["nchw", "scale"], outputs: ["unit"] },
      { op: "AveragePool", inputs: ["unit"], outputs: ["parts"], attributes: conv },
      { op: "Flatten", inputs: ["parts"], outputs: ["output"], attributes: { axis: 1 } },
    ],
    weights: { scale: { shape: [1], data: [1 / 255] } },
    metadata: {},
  });
}
