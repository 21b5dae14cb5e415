import { z } from "zod";
import { bfloat16IsFaster, cpuHasBfloat16 } from "./tensor/precision.ts";

/** The text about a hyperparameter in `--help`: its group, its unit (null for none) and its meaning. */
function about(group: string, unit: string | null, description: string) {
  return { group, unit, description };
}

/** See `about`. */
export type Help = ReturnType<typeof about>;

function number([min, max]: readonly [number, number], initial: number, help: Help) {
  return z.number().min(min).max(max).default(initial).meta(help);
}

function integer([min, max]: readonly [number, number], initial: number, help: Help) {
  return z.int().min(min).max(max).default(initial).meta(help);
}

/**
 * Every hyperparameter of a training run with its range, default, unit and meaning. The flags and the
 * `--help` of `train:fit`, the keys of a `--config` file and the settings in a run's `config.json`
 * derive from it.
 */
export const configSchema = z.strictObject({
  epochs: integer([1, 100_000], 40, about("optimiser", "epochs", "Passes over the training split")),
  batchSize: integer(
    [2, 8192],
    64,
    about("optimiser", "images", "Batch size: images per optimiser step"),
  ),
  optimizer: z
    .enum(["adam", "sgd"])
    .default("adam")
    .meta(about("optimiser", null, "Optimiser; sgd uses Nesterov momentum")),
  learningRate: number(
    [1e-8, 10],
    2e-3,
    about("optimiser", null, "Highest learning rate of the schedule"),
  ),
  schedule: z
    .enum(["inverse-time", "cosine"])
    .default("cosine")
    .meta(
      about(
        "optimiser",
        null,
        "Learning-rate schedule: inverse-time decay (--decay), or half a cosine down to 0",
      ),
    ),
  warmup: number(
    [0, 0.9],
    0.02,
    about(
      "optimiser",
      "share",
      "Share of all steps in which the learning rate rises linearly from 0 to its highest",
    ),
  ),
  decay: number(
    [0, 1],
    7e-4,
    about(
      "optimiser",
      null,
      "Decay of the inverse-time schedule: the rate at step t is learning rate / (1 + decay × t)",
    ),
  ),
  momentum: number([0, 0.9999], 0.9, about("optimiser", null, "Momentum of sgd; adam ignores it")),
  sam: number(
    [0, 1],
    0,
    about(
      "optimiser",
      null,
      "Sharpness-aware minimisation: distance of the second gradient from the weights, as 0.05; 0: off",
    ),
  ),
  samShare: number(
    [0, 1],
    0.2,
    about(
      "optimiser",
      "share",
      "Share of the steps, the last ones, in which --sam is on; each takes twice as long",
    ),
  ),
  precision: z
    .enum(["auto", "fp32", "bf16"])
    .default("auto")
    .transform((precision, context) => {
      if (precision === "auto") return bfloat16IsFaster() ? "bf16" : "fp32";
      if (precision === "bf16" && !cpuHasBfloat16()) {
        context.addIssue("bf16: this processor does not support it; use fp32");
      }
      return precision;
    })
    .meta(
      about(
        "optimiser",
        null,
        "Number format of the convolutions in training; auto: bf16 on processors with AMX, else fp32",
      ),
    ),
  widths: z
    .array(z.int().min(1).max(4096))
    .length(4)
    .default([32, 64, 128, 256])
    .meta(about("network", null, "Filters of the convolutions in each of the four blocks")),
  depth: integer(
    [1, 4],
    1,
    about("network", "convolutions", "Convolutions in each of the four blocks"),
  ),
  kernelSize: integer([1, 9], 3, about("network", "pixels", "Side of the convolution kernels")),
  firstKernelSize: integer(
    [0, 9],
    0,
    about("network", "pixels", "Side of the first convolution's kernels; 0 takes --kernel-size"),
  ),
  pooling: z
    .enum(["max", "blur"])
    .default("blur")
    .meta(
      about(
        "network",
        null,
        "Pooling after each block: the maximum of 2×2 pixels, or anti-aliased: the maximum, then a blur",
      ),
    ),
  squeezeExcite: integer(
    [0, 64],
    0,
    about(
      "network",
      null,
      "Squeeze-and-excitation after each block: reduction, the number of channels per hidden unit; 0: off",
    ),
  ),
  head: z
    .enum(["flatten", "average"])
    .default("flatten")
    .meta(
      about(
        "network",
        null,
        "Input of the dense layers: all values of the last feature maps, or the mean of each map",
      ),
    ),
  denseUnits: integer(
    [1, 16384],
    256,
    about("network", "units", "Units of the hidden dense layer"),
  ),
  normalization: z
    .enum(["batch", "none"])
    .default("batch")
    .meta(
      about("network", null, "Normalisation after the convolutions and the hidden dense layer"),
    ),
  batchNormMomentum: number(
    [0, 0.9999],
    0.95,
    about(
      "network",
      null,
      "Momentum of the moving averages in batch normalisation: the share that each step keeps",
    ),
  ),
  convDropout: number(
    [0, 0.95],
    0.1,
    about("regularisation", "share", "Dropout after each pooling: share of the features set to 0"),
  ),
  dropout: number(
    [0, 0.95],
    0.4,
    about(
      "regularisation",
      "share",
      "Dropout after the hidden dense layer: share of the features set to 0",
    ),
  ),
  l2: number(
    [0, 1],
    1e-4,
    about(
      "regularisation",
      null,
      "L2 regularisation: factor of the sum of squared kernel weights in the loss",
    ),
  ),
  l2On: z
    .enum(["all", "convolutions"])
    .default("all")
    .meta(
      about(
        "regularisation",
        null,
        "Layers with L2 regularisation: all convolutions and dense layers, or only the convolutions",
      ),
    ),
  weightDecay: number(
    [0, 1],
    0,
    about(
      "regularisation",
      null,
      "Decoupled weight decay: each step shrinks the kernels by this times the learning rate",
    ),
  ),
  ema: number(
    [0, 0.99999],
    0.995,
    about(
      "regularisation",
      null,
      "Exponential moving average of the weights as the model: share that each step keeps; 0: off",
    ),
  ),
  labelSmoothing: number(
    [0, 0.9],
    0.05,
    about(
      "targets",
      "share",
      "Label smoothing: share of the target spread evenly over all classes",
    ),
  ),
  logitAdjustment: number(
    [0, 2],
    0,
    about(
      "targets",
      null,
      "Logit adjustment for rare classes: 0: off; 1: predicts as if all classes were equally frequent",
    ),
  ),
  voteShare: number(
    [0, 1],
    0,
    about(
      "targets",
      "share",
      "Share of the FER+ votes in the targets, or with --vote-head in the output; labels have the rest",
    ),
  ),
  voteHead: number(
    [0, 10],
    0,
    about(
      "targets",
      null,
      "Weight in the loss of a second output head, which learns the FER+ votes; 0: one head",
    ),
  ),
  distillation: number(
    [0, 1],
    0,
    about(
      "targets",
      "share",
      "Distillation: share of the target taken from the teacher (--teacher)",
    ),
  ),
  teacherTemperature: number(
    [0.1, 20],
    1,
    about(
      "targets",
      null,
      "Temperature of the teacher's probabilities: above 1 they are more even, below 1 more certain",
    ),
  ),
  subset: number(
    [0.001, 1],
    1,
    about("data", "share", "Share of the training images of each class to use"),
  ),
  omit: z
    .enum(["nothing", "blank", "blank-and-conflicting"])
    .default("nothing")
    .meta(
      about(
        "data",
        null,
        "Training images to leave out: none, blank ones, or also copies with conflicting labels",
      ),
    ),
  zoom: number(
    [0, 0.9],
    0.1,
    about("augmentation", "share", "Largest random change of scale, up or down"),
  ),
  shift: number(
    [0, 0.9],
    0.1,
    about(
      "augmentation",
      "share",
      "Largest random shift along each axis, as a share of the side of the image",
    ),
  ),
  rotation: number(
    [0, 180],
    10,
    about("augmentation", "degrees", "Largest random rotation in either direction"),
  ),
  mirror: number(
    [0, 1],
    0.5,
    about("augmentation", "probability", "Probability of a horizontal flip"),
  ),
  brightness: number(
    [0, 2],
    0.2,
    about(
      "augmentation",
      "standard deviations",
      "Largest random change of brightness, up or down, relative to the spread of the pixels",
    ),
  ),
  contrast: number(
    [0, 0.9],
    0.2,
    about("augmentation", "share", "Largest random change of contrast, up or down"),
  ),
  erasing: number(
    [0, 1],
    0,
    about(
      "augmentation",
      "probability",
      "Random erasing: probability that a rectangle is filled with grey",
    ),
  ),
  mixup: number(
    [0, 1],
    0,
    about(
      "augmentation",
      null,
      "Mixup of pairs of images: alpha of the Beta distribution of their shares; 0: off",
    ),
  ),
  cutmix: number(
    [0, 1],
    0,
    about(
      "augmentation",
      "probability",
      "CutMix: probability that a rectangle is replaced by the same part of another image",
    ),
  ),
});

/** A training configuration with all defaults. */
export type TrainConfig = Readonly<z.output<typeof configSchema>>;

/** Some keys of a training configuration; the others have their defaults. */
export type TrainConfigInput = z.input<typeof configSchema>;
