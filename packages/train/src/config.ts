import { flagOf, readJson, type Option } from "@mien/cli";
import { MienError } from "@mien/format";
import { z } from "zod";
import {
  configSchema,
  type Help,
  type TrainConfig,
  type TrainConfigInput,
} from "./config-schema.ts";

export { configSchema, type TrainConfig };
/** @internal */
export type { TrainConfigInput };

/** The JSON Schema of a hyperparameter. */
interface Described extends Help {
  readonly type: "number" | "integer" | "string" | "array";
  readonly default: number | string | readonly number[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
}

/**
 * The hyperparameters as command-line flags. The flags have no default values, so that a flag which
 * is not given does not override the configuration file; `--help` shows the defaults of the schema.
 */
export function configOptions(): Record<keyof TrainConfig, Option> {
  const { properties } = z.toJSONSchema(configSchema, { io: "input" }) as unknown as {
    properties: Record<keyof TrainConfig, Described>;
  };
  const toOption = ({ type, description, group, unit, ...rest }: Described): Option => {
    const common = { description, group, defaultText: String(rest.default) };
    if (type === "array") return { ...common, type: "string", placeholder: "N,N,N,N" };
    if (type === "string") {
      return { ...common, type, ...(rest.enum === undefined ? {} : { choices: rest.enum }) };
    }
    const { minimum: min, maximum: max } = rest;
    const range = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
    return { ...common, type, unit, ...range };
  };
  return Object.fromEntries(
    Object.entries(properties).map(([name, described]) => [name, toOption(described)]),
  ) as Record<keyof TrainConfig, Option>;
}

/**
 * The hyperparameters of a run or model that is older than them, where the present default is
 * another value.
 */
export const EARLIER_DEFAULTS = { pooling: "max" } as const satisfies TrainConfigInput;

/**
 * Checks a configuration and adds the defaults.
 *
 * @param name of its source, for errors.
 * @throws {MienError} `bad-config` with the name of each key that is unknown or out of range.
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
 * The configuration of a command line: its flags override its `--config` file, which overrides the
 * defaults.
 *
 * @param flags values by option name; other options than hyperparameters are ignored.
 * @param file JSON file with any of the keys of `configSchema`.
 * @param defaults hyperparameters that differ from the defaults of the schema.
 * @throws {MienError} `bad-config`, `missing-file`, or `usage` for widths that are not a list.
 */
export async function configFromFlags(
  flags: Readonly<Record<string, unknown>>,
  file: string | undefined,
  defaults: TrainConfigInput = {},
): Promise<TrainConfig> {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(configSchema.shape)) {
    if (flags[name] !== undefined) given[name] = flags[name];
  }
  if (typeof given["widths"] === "string") given["widths"] = parseWidths(given["widths"]);
  if (file === undefined) return resolveConfig({ ...defaults, ...given });
  const content = await readJson(file);
  // The file is first checked alone, so that an error in the file is not reported as an error in
  // the flags.
  resolveConfig(content, file);
  return resolveConfig(Object.assign({}, defaults, content, given), file);
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
