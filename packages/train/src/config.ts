import { flagOf, readJson, type Option } from "@mien/cli";
import { MienError } from "@mien/format";
import { z } from "zod";
import { cpuHasBfloat16 } from "./precision.ts";

/**
 * Every hyperparameter of a training run with its range, default, unit and meaning. The flags of
 * `train:fit`, its `--help`, the keys of a `--config` file and the content of a run's
 * `config.json` all come from here.
 */
export const configSchema = z.strictObject({
  epochs: z.int().min(1).max(100_000).default(30).describe("passes over the training part"),
  batchSize: z.int().min(2).max(8192).default(64).describe("images a step"),
  optimizer: z
    .enum(["adam", "sgd"])
    .default("adam")
    .describe("adam, or sgd with Nesterov momentum"),
  learningRate: z.number().min(1e-8).max(10).default(2e-3).describe("the highest of the schedule"),
  schedule: z
    .enum(["inverse-time", "cosine"])
    .default("inverse-time")
    .describe("how the learning rate falls: by decay, or along half a cosine to 0"),
  warmup: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe("share of all steps in which the learning rate rises to its highest"),
  decay: z
    .number()
    .min(0)
    .max(1)
    .default(7e-4)
    .describe("of inverse-time: at step t the rate is learningRate / (1 + decay · t)"),
  momentum: z.number().min(0).max(0.9999).default(0.9).describe("of sgd; adam ignores it"),
  precision: z
    .enum(["auto", "fp32", "bf16"])
    .default("auto")
    .transform((precision, context) => {
      if (precision === "auto") return cpuHasBfloat16() ? "bf16" : "fp32";
      if (precision === "bf16" && !cpuHasBfloat16()) {
        context.addIssue("bf16: this processor has no instructions for it; use fp32");
      }
      return precision;
    })
    .describe("of the convolutions while training; auto: bf16 where the processor is fast at it"),
  widths: z
    .array(z.int().min(1).max(4096))
    .length(4)
    .default([32, 64, 128, 256])
    .describe("filters of the convolutions before each of the four poolings"),
  depth: z
    .int()
    .min(1)
    .max(4)
    .default(1)
    .describe("convolutions before each pooling; 1 makes the four of the released models"),
  kernelSize: z.int().min(1).max(9).default(3).describe("of the convolutions, in pixels"),
  firstKernelSize: z
    .int()
    .min(0)
    .max(9)
    .default(0)
    .describe("of the first convolution; 0: as the others"),
  head: z
    .enum(["flatten", "average"])
    .default("flatten")
    .describe("what the dense layers see of the last maps: every pixel, or each map's mean"),
  denseUnits: z.int().min(1).max(16384).default(256).describe("units of the hidden dense layer"),
  normalization: z
    .enum(["batch", "none"])
    .default("batch")
    .describe("after convolutions and hidden dense layer"),
  batchNormMomentum: z
    .number()
    .min(0)
    .max(0.9999)
    .default(0.95)
    .describe("share of the moving averages that a step keeps"),
  convDropout: z
    .number()
    .min(0)
    .max(0.95)
    .default(0.1)
    .describe("share of features dropped after each pooling"),
  dropout: z
    .number()
    .min(0)
    .max(0.95)
    .default(0.4)
    .describe("share of features dropped after the hidden dense layer"),
  l2: z.number().min(0).max(1).default(1e-4).describe("weight of the squared kernels in the loss"),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("kernels shrink by this times the learning rate at each step, whatever the loss"),
  ema: z
    .number()
    .min(0)
    .max(0.99999)
    .default(0)
    .describe("the model is a moving average of the weights; share of it that a step keeps"),
  labelSmoothing: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe("share of the target spread over all classes"),
  logitAdjustment: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe("1 trains as if all classes were equally frequent, 0 as frequent as they are"),
  voteShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("share of the target that is the FER+ votes; the rest is the data set's own label"),
  distillation: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("share of the target that a teacher's probabilities take (--teacher)"),
  subset: z
    .number()
    .min(0.001)
    .max(1)
    .default(1)
    .describe("share of every class's training images that is used, for quick experiments"),
  omit: z
    .enum(["nothing", "blank", "blank-and-conflicting"])
    .default("nothing")
    .describe("training images to leave out: blank ones; copies with different labels"),
  zoom: z.number().min(0).max(0.9).default(0.1).describe("augmentation: scale within 1 ± zoom"),
  shift: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.08)
    .describe("augmentation: shift within ± this share of the image"),
  rotation: z
    .number()
    .min(0)
    .max(180)
    .default(10)
    .describe("augmentation: rotation within ± this many degrees"),
  mirror: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("augmentation: probability of a mirror image"),
  brightness: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe("augmentation: added within ± this, in standard deviations of the pixels"),
  contrast: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe("augmentation: multiplied within 1 ± this"),
  erasing: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("augmentation: probability of a grey rectangle somewhere"),
  mixup: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("blends pairs of images; alpha of the Beta distribution of their shares"),
});

/** A training configuration with all defaults resolved. */
export type TrainConfig = Readonly<z.output<typeof configSchema>>;

/** Any part of a training configuration; the rest takes its defaults. */
export type TrainConfigInput = z.input<typeof configSchema>;

/** What JSON Schema says about one hyperparameter. */
interface Described {
  readonly type: "number" | "integer" | "string" | "array";
  readonly description: string;
  readonly default: number | string | readonly number[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
}

/**
 * The schema as command-line flags. They carry no default of their own, so that a flag which was
 * not given does not override the configuration file; `--help` still shows it.
 */
export function configOptions(): Record<keyof TrainConfig, Option> {
  const { properties } = z.toJSONSchema(configSchema, { io: "input" }) as unknown as {
    properties: Record<keyof TrainConfig, Described>;
  };
  const toOption = (described: Described): Option => ({
    type: described.type === "array" ? "string" : described.type,
    description: `${described.description}; default ${String(described.default)}`,
    ...(described.type === "array" ? { placeholder: "N,N,N,N" } : {}),
    ...(described.minimum === undefined ? {} : { min: described.minimum }),
    ...(described.maximum === undefined ? {} : { max: described.maximum }),
    ...(described.enum === undefined ? {} : { choices: described.enum }),
  });
  return Object.fromEntries(
    Object.entries(properties).map(([name, described]) => [name, toOption(described)]),
  ) as Record<keyof TrainConfig, Option>;
}

/**
 * Checks a configuration and fills in the defaults.
 *
 * @param name what to call its source in errors.
 * @throws {MienError} `bad-config` naming each key that is unknown or out of range.
 */
export function resolveConfig(input: unknown, name = "the configuration"): TrainConfig {
  const result = configSchema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return `unknown key ${issue.keys.join(", ")}`;
    const at = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
    return at + issue.message;
  });
  throw new MienError("bad-config", `${name}: ${problems.join("; ")}`, {
    advice: `Known keys: ${Object.keys(configSchema.shape).join(", ")}.`,
  });
}

/**
 * The configuration that a command line asks for: its flags override its `--config` file, which
 * overrides the defaults.
 *
 * @param flags values by option name; names that are no hyperparameters are passed over.
 * @param file JSON file with any of the keys of `configSchema`.
 * @throws {MienError} `bad-config`, `missing-file`, or `usage` for widths that are no list.
 */
export async function configFromFlags(
  flags: Readonly<Record<string, unknown>>,
  file: string | undefined,
): Promise<TrainConfig> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(configSchema.shape)) {
    if (flags[name] !== undefined) given[name] = flags[name];
  }
  if (typeof given["widths"] === "string") given["widths"] = parseWidths(given["widths"]);
  if (file === undefined) return resolveConfig(given);
  const content = resolveFile(await readJson(file), file);
  return resolveConfig({ ...content, ...given }, file);
}

/** Checks the file by itself first, so that an error blames the file and not the flags. */
function resolveFile(content: unknown, file: string): object {
  resolveConfig(content, file);
  return content as object;
}

function parseWidths(text: string): number[] {
  const widths = text.split(",").map(Number);
  if (widths.length === 4 && widths.every((width) => Number.isSafeInteger(width) && width > 0)) {
    return widths;
  }
  throw new MienError(
    "usage",
    `${flagOf("widths")} must be four whole numbers with commas between them, found "${text}"`,
    { advice: "For example --widths 32,64,128,256." },
  );
}
