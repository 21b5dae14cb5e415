import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { readJson } from "@mien/cli";
import { MienError, messageOf } from "@mien/format";
import { configSchema, resolveConfig, type TrainConfig } from "@mien/train";
import { z } from "zod";

const scalar = z.union([z.number(), z.string(), z.boolean()]);

/**
 * Range of a number, uniform from `low` to `high`, both included; with `log` its logarithm is
 * uniform.
 */
const range = {
  low: z.number(),
  high: z.number(),
  log: z.boolean().optional(),
  step: z.number().positive().optional(),
};

const parameterSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("float"),
    ...range,
    /**
     * For a parameter that is not a hyperparameter: the hyperparameters that it scales, with their
     * values when the parameter is 1. One parameter can scale several hyperparameters.
     */
    scales: z.record(z.string(), z.number()).optional(),
  }),
  z.strictObject({ type: z.literal("int"), ...range, low: z.int(), high: z.int() }),
  z.strictObject({
    type: z.literal("categorical"),
    choices: z.array(z.union([scalar, z.array(z.number())])).min(1),
  }),
]);

/**
 * The hyperparameters that a search varies or keeps fixed: the content of a JSON
 * file, in spaces/ or the user's own.
 */
export const spaceSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().default(""),
  /** Hyperparameters that have one value in all trials; this value replaces the default of `train:fit`. */
  fixed: z.record(z.string(), z.unknown()).default({}),
  /** Ranges by hyperparameter (see `train:fit -- --help`), or by any name if the range has `scales`. */
  parameters: z
    .record(z.string(), parameterSchema)
    .refine((parameters) => Object.keys(parameters).length > 0, "expected at least one"),
});

export type Space = Readonly<z.output<typeof spaceSchema>>;
export type Parameter = z.output<typeof parameterSchema>;
export type Params = Readonly<Record<string, number | string | boolean>>;

/** Folder of the search spaces of this package. */
const SPACES = path.join(import.meta.dirname, "../spaces");

/** Hyperparameters that a space may not contain: the search sets them, or they need further files. */
const RESERVED = ["epochs", "subset", "voteShare", "voteHead", "distillation"];

/**
 * Reads a space and checks its extreme values against what train accepts.
 *
 * @param nameOrFile the name of a space of this package, or a JSON file.
 * @throws {MienError} `missing-file`, `bad-data` or `bad-config` naming the key and the problem.
 */
export async function loadSpace(nameOrFile: string): Promise<Space> {
  const own = path.join(SPACES, `${nameOrFile}.json`);
  if (/^[\w-]+$/.test(nameOrFile) && existsSync(own)) return checkSpace(await readJson(own), own);
  if (existsSync(nameOrFile)) return checkSpace(await readJson(nameOrFile), nameOrFile);
  const names = (await readdir(SPACES)).map((name) => path.basename(name, ".json")).sort();
  throw new MienError("missing-file", `there is no space "${nameOrFile}", and no such file`, {
    advice: `Spaces that come with mien: ${names.join(", ")}. Your own is a JSON file of the same form.`,
  });
}

/**
 * Checks a space.
 *
 * @param name the space's name in errors.
 * @throws {MienError} `bad-config`.
 *
 * @internal
 */
export function checkSpace(content: unknown, name: string): Space {
  const fail = (problem: string): never => {
    throw new MienError("bad-config", `${name}: ${problem}`, {
      advice: "docs/tune.md shows what a space may contain.",
    });
  };
  const result = spaceSchema.safeParse(content);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => {
      const at = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
      return at + issue.message;
    });
    return fail(problems.join("; "));
  }
  const space = result.data;
  const seen = new Set(Object.keys(space.fixed));
  for (const [key, parameter] of Object.entries(space.parameters)) {
    const scales = "scales" in parameter ? parameter.scales : undefined;
    for (const hyperparameter of scales ? Object.keys(scales) : [key]) {
      if (seen.has(hyperparameter)) fail(`${hyperparameter} is set more than once`);
      seen.add(hyperparameter);
    }
    if ("low" in parameter) checkRange(key, parameter, fail);
  }
  for (const key of RESERVED) if (seen.has(key)) fail(`${key} cannot be part of a space`);
  for (const key of seen) {
    if (!(key in configSchema.shape)) {
      const known = Object.keys(configSchema.shape).filter((other) => !RESERVED.includes(other));
      fail(`${key} is not a hyperparameter; known: ${known.join(", ")}`);
    }
  }
  for (const corner of cornersOf(space)) {
    try {
      configOf(space, corner);
    } catch (error) {
      fail(messageOf(error));
    }
  }
  return space;
}

function checkRange(
  key: string,
  { low, high, log, step }: Extract<Parameter, { low: number }>,
  fail: (problem: string) => never,
): void {
  if (low > high) fail(`${key}: low ${low} is above high ${high}`);
  if (log && low <= 0) fail(`${key}: low must be above 0 for a logarithmic range, found ${low}`);
  if (log && step !== undefined) fail(`${key}: a logarithmic range has no step`);
}

/** For each parameter, its extreme values, combined with the first value of all other parameters. */
function* cornersOf(space: Space): Generator<Params> {
  const extremes = Object.entries(space.parameters).map(([key, parameter]) => {
    const values =
      parameter.type === "categorical"
        ? parameter.choices.map(asParam)
        : [parameter.low, parameter.high];
    return [key, values] as const;
  });
  const first = Object.fromEntries(extremes.map(([key, values]) => [key, values[0] as number]));
  for (const [key, values] of extremes) {
    for (const value of values) yield { ...first, [key]: value };
  }
}

/** A choice as Optuna stores it: a scalar, or a list as JSON. */
function asParam(choice: z.output<typeof scalar> | number[]): number | string | boolean {
  return Array.isArray(choice) ? JSON.stringify(choice) : choice;
}

/** The hyperparameters of a trial, from its parameters and the fixed values of the space. */
export function hyperparametersOf(space: Space, params: Params): Record<string, unknown> {
  const entries = Object.entries(space.parameters).flatMap(([key, parameter]) => {
    const param = params[key];
    if (param === undefined) {
      throw new MienError("bad-data", `the trial has no value for ${key}`);
    }
    if (parameter.type === "categorical") {
      const choice = parameter.choices.find((candidate) => asParam(candidate) === param);
      return [[key, choice ?? param] as const];
    }
    if (parameter.type === "int" || parameter.scales === undefined) return [[key, param] as const];
    return Object.entries(parameter.scales).map(
      ([name, value]) => [name, Number((value * Number(param)).toPrecision(6))] as const,
    );
  });
  return { ...space.fixed, ...Object.fromEntries(entries) };
}

/**
 * The configuration of a trial.
 *
 * @throws {MienError} `bad-config` if train does not accept the configuration.
 */
export function configOf(
  space: Space,
  params: Params,
  budget: { readonly epochs?: number; readonly subset?: number } = {},
): TrainConfig {
  return resolveConfig({ ...hyperparametersOf(space, params), ...budget });
}
