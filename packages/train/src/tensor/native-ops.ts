import {
  attribute,
  constantFloat,
  DTYPE,
  ints,
  run,
  runOne,
  upload,
  type Attribute,
  type NativeTensor,
} from "./native.ts";
import type { BatchNormState } from "./own-ops.ts";

/*
 * The TensorFlow operations of a training step, each with its gradient. Images and feature maps are
 * [batch, height, width, channels]. Operations compute in the float type of their input.
 */

/** Attributes that depend only on the data type are made once for each data type. */
export function perDtype(make: (dtype: number) => readonly Attribute[]) {
  const made = new Map<number, readonly Attribute[]>();
  return ({ dtype }: NativeTensor): readonly Attribute[] => {
    let attributes = made.get(dtype);
    if (attributes === undefined) made.set(dtype, (attributes = make(dtype)));
    return attributes;
  };
}

const onlyType = perDtype((dtype) => [attribute.type("T", dtype)]);

const biased = perDtype((dtype) => [
  attribute.type("T", dtype),
  attribute.text("data_format", "NHWC"),
]);

/** Adds a bias [channels] along the last axis. */
export function biasAdd(x: NativeTensor, bias: NativeTensor): NativeTensor {
  return runOne("BiasAdd", biased(x), [x, bias]);
}

/** Gradient of `biasAdd` with respect to its bias: the sum over all other axes. */
export function biasGradient(dy: NativeTensor): NativeTensor {
  return runOne("BiasAddGrad", biased(dy), [dy]);
}

/** Added to the variance in batch normalisation. */
export const BATCH_NORM_EPSILON = 1e-3;

const batchNormCommon = (dtype: number, training: boolean): Attribute[] => [
  attribute.type("T", dtype),
  attribute.type("U", DTYPE.float32),
  attribute.float("epsilon", BATCH_NORM_EPSILON),
  attribute.text("data_format", "NHWC"),
  attribute.bool("is_training", training),
];
const batchNormGradient = perDtype((dtype) => batchNormCommon(dtype, true));
const batchNormInference = perDtype((dtype) => [
  ...batchNormCommon(dtype, false),
  attribute.float("exponential_avg_factor", 1),
]);

/** The result of `batchNormTraining`. */
interface BatchNormResult {
  readonly y: NativeTensor;
  /** The moving averages after this batch. */
  readonly movingMean: NativeTensor;
  readonly movingVariance: NativeTensor;
  /** Statistics of the batch, which the gradient needs. */
  readonly reserved: readonly NativeTensor[];
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015) by the mean and variance of the batch.
 *
 * @param x [batch, height, width, channels]; dense features have height = width = 1.
 * @param momentum the share of the old moving averages that is kept, 0–1; the variance is averaged
 * with Bessel's correction, as in Keras.
 */
export function batchNormTraining(
  x: NativeTensor,
  state: BatchNormState,
  momentum: number,
): BatchNormResult {
  const { scale, offset, movingMean, movingVariance } = state;
  const attributes = [
    ...batchNormGradient(x),
    attribute.float("exponential_avg_factor", 1 - momentum),
  ];
  const inputs = [x, scale, offset, movingMean, movingVariance];
  const [y, mean, variance, ...reserved] = run(["FusedBatchNormV3", 6], attributes, inputs);
  return { y, movingMean: mean, movingVariance: variance, reserved };
}

/** Batch normalisation by the moving averages. */
export function batchNorm(x: NativeTensor, state: BatchNormState): NativeTensor {
  const { scale, offset, movingMean, movingVariance } = state;
  const inputs = [x, scale, offset, movingMean, movingVariance];
  return run(["FusedBatchNormV3", 6], batchNormInference(x), inputs)[0];
}

/**
 * Gradients of `batchNormTraining` with respect to input, scale and offset, from the output's
 * gradient.
 */
export function batchNormGradients(
  dy: NativeTensor,
  saved: {
    readonly x: NativeTensor;
    readonly scale: NativeTensor;
    readonly reserved: BatchNormResult["reserved"];
  },
): { x: NativeTensor; scale: NativeTensor; offset: NativeTensor } {
  const { x, scale, reserved } = saved;
  const inputs = [dy, x, scale, ...reserved];
  const [dx, dScale, dOffset] = run(["FusedBatchNormGradV3", 5], batchNormGradient(x), inputs);
  return { x: dx, scale: dScale, offset: dOffset };
}

/** max(x, 0). */
export function relu(x: NativeTensor): NativeTensor {
  return runOne("Relu", onlyType(x), [x]);
}

/** Gradient of `relu`, from its output. */
export function reluGradient(y: NativeTensor, dy: NativeTensor): NativeTensor {
  return runOne("ReluGrad", onlyType(dy), [dy, y]);
}

/** 1 / (1 + exp(−x)). */
export function sigmoid(x: NativeTensor): NativeTensor {
  return runOne("Sigmoid", onlyType(x), [x]);
}

/** Gradient of `sigmoid`, from its output. */
export function sigmoidGradient(y: NativeTensor, dy: NativeTensor): NativeTensor {
  return runOne("SigmoidGrad", onlyType(y), [y, dy]);
}

/** Matrix product of a [n, k] and b [k, m]; `transpose` names the inputs that are transposed first. */
export function matMul(
  a: NativeTensor,
  b: NativeTensor,
  transpose: { a?: boolean; b?: boolean } = {},
): NativeTensor {
  const attributes = [
    attribute.type("T", a.dtype),
    attribute.bool("transpose_a", transpose.a ?? false),
    attribute.bool("transpose_b", transpose.b ?? false),
  ];
  return runOne("MatMul", attributes, [a, b]);
}

/** Elementwise a + b, with broadcasting. */
export function add(a: NativeTensor, b: NativeTensor): NativeTensor {
  return runOne("AddV2", onlyType(a), [a, b]);
}

/** Elementwise a − b, with broadcasting. */
export function subtract(a: NativeTensor, b: NativeTensor): NativeTensor {
  return runOne("Sub", onlyType(a), [a, b]);
}

/** Elementwise a · b, with broadcasting. */
export function multiply(a: NativeTensor, b: NativeTensor): NativeTensor {
  return runOne("Mul", onlyType(a), [a, b]);
}

/** The same values in another shape. */
export function reshape(x: NativeTensor, shape: readonly number[]): NativeTensor {
  const attributes = [attribute.type("T", x.dtype), attribute.type("Tshape", DTYPE.int32)];
  return runOne("Reshape", attributes, [x, ints(shape)]);
}

/** The same values in another data type of `DTYPE`. */
export function cast(x: NativeTensor, dtype: number): NativeTensor {
  if (x.dtype === dtype) return x;
  const attributes = [
    attribute.type("SrcT", x.dtype),
    attribute.type("DstT", dtype),
    attribute.bool("Truncate", false),
  ];
  return runOne("Cast", attributes, [x]);
}

/** Rows of `values` along its first axis, at the indices int32 [n]. */
export function gather(values: NativeTensor, indices: NativeTensor): NativeTensor {
  const attributes = [
    attribute.type("Tparams", values.dtype),
    attribute.type("Tindices", DTYPE.int32),
    attribute.type("Taxis", DTYPE.int32),
    attribute.int("batch_dims", 0),
  ];
  return runOne("GatherV2", attributes, [values, indices, ints(0)]);
}

/**
 * One-hot encoding of labels (int32 [n]): float32 [n, classes].
 *
 * @internal
 */
export function oneHot(labels: NativeTensor, classes: number): NativeTensor {
  const attributes = [
    attribute.type("T", DTYPE.float32),
    attribute.type("TI", DTYPE.int32),
    attribute.int("axis", -1),
  ];
  const inputs = [labels, ints(classes), constantFloat(1), constantFloat(0)];
  return runOne("OneHot", attributes, inputs);
}

/**
 * Softmax cross-entropy of logits [batch, classes] against target probabilities of the same shape.
 *
 * @returns the loss of each example in nats [batch], and its gradient with respect to the logits
 *   [batch, classes], not divided by the batch size.
 */
export function softmaxCrossEntropy(
  logits: NativeTensor,
  targets: NativeTensor,
): { losses: NativeTensor; gradient: NativeTensor } {
  const operation = ["SoftmaxCrossEntropyWithLogits", 2] as const;
  const [losses, gradient] = run(operation, onlyType(logits), [logits, targets]);
  return { losses, gradient };
}

/** The sum of all values of a one-dimensional float tensor, as a scalar. */
export function sum(x: NativeTensor): NativeTensor {
  const attributes = [
    attribute.type("T", x.dtype),
    attribute.type("Tidx", DTYPE.int32),
    attribute.bool("keep_dims", false),
  ];
  return runOne("Sum", attributes, [x, ints([0])]);
}

/** Means of maps [batch, height, width, channels] over height and width: [batch, channels]. */
export function spatialMean(x: NativeTensor): NativeTensor {
  const attributes = [
    attribute.type("T", x.dtype),
    attribute.type("Tidx", DTYPE.int32),
    attribute.bool("keep_dims", false),
  ];
  return runOne("Mean", attributes, [x, ints([1, 2])]);
}

/**
 * The number of rows of logits [batch, classes] whose highest value (the first one if several are
 * equal) is at the label of the row (int32 [batch]); float32. (InTopK would
 * count every label of a constant row as correct.)
 */
export function countCorrect(logits: NativeTensor, labels: NativeTensor): NativeTensor {
  const argMax = [
    attribute.type("T", logits.dtype),
    attribute.type("Tidx", DTYPE.int32),
    attribute.type("output_type", DTYPE.int32),
  ];
  const predictions = runOne("ArgMax", argMax, [logits, ints(1)]);
  const equal = [
    attribute.type("T", DTYPE.int32),
    attribute.bool("incompatible_shape_error", true),
  ];
  return sum(cast(runOne("Equal", equal, [predictions, labels]), DTYPE.float32));
}

/** A float32 scalar, for a number that changes between steps. */
export function scalar(value: number): NativeTensor {
  return upload(Float32Array.of(value), []);
}
