import { MienError } from "./errors.ts";

/** The version of the metadata below; a file with another one is refused. */
export const MODEL_FORMAT = "1";

/** What an expression model expects: float32 [N, height, width, channels], 0–255 as they come. */
export interface ModelInput {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: number;
}

/** Everything about a model that its graph does not say; travels inside the ONNX file. */
export interface ModelMetadata {
  /** Class names in the order of the output. */
  readonly labels: readonly string[];
  readonly input: ModelInput;
  /** How the model came to be: data SHA-256, split, seed, configuration. Free form. */
  readonly training?: unknown;
  /** What was measured on it, by part. Free form. */
  readonly metrics?: unknown;
  /** Temperature and calibration error, once the model is calibrated. Free form. */
  readonly calibration?: unknown;
}

/** Metadata as ONNX `metadata_props`: `mien.format`, `mien.labels`, `mien.input` and so on, as JSON. */
export function encodeModelMetadata(metadata: ModelMetadata): Record<string, string> {
  const props: Record<string, string> = { "mien.format": MODEL_FORMAT };
  for (const [key, value] of Object.entries(metadata)) {
    if (value !== undefined) props[`mien.${key}`] = JSON.stringify(value);
  }
  return props;
}

/**
 * Reads metadata back from an ONNX file's `metadata_props`.
 *
 * @param name what to call the file in errors.
 * @throws {MienError} `bad-model` if it is no mien model, has another format version, or a field
 * is malformed.
 */
export function decodeModelMetadata(
  props: Readonly<Record<string, string>>,
  name: string,
): ModelMetadata {
  const fail = (problem: string): never => {
    throw new MienError("bad-model", `${name} is not an expression model of mien: ${problem}`, {
      advice: "Make one with `npx nx run export:onnx`.",
    });
  };
  const format = props["mien.format"];
  if (format === undefined) return fail('its metadata has no "mien.format"');
  if (format !== MODEL_FORMAT) {
    return fail(`its format is "${format}", this version reads "${MODEL_FORMAT}"`);
  }
  const parse = (key: string): unknown => {
    const text = props[`mien.${key}`];
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return fail(`"mien.${key}" is not JSON`);
    }
  };
  const labels = parse("labels");
  if (!Array.isArray(labels) || labels.length < 2 || labels.some((l) => typeof l !== "string")) {
    return fail('"mien.labels" must be a JSON array of at least two names');
  }
  const input = parse("input") as Partial<ModelInput> | null | undefined;
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) > 0;
  if (!isCount(input?.height) || !isCount(input?.width) || !isCount(input?.channels)) {
    return fail('"mien.input" must give height, width and channels');
  }
  return {
    labels: labels as string[],
    input: input as ModelInput,
    training: parse("training"),
    metrics: parse("metrics"),
    calibration: parse("calibration"),
  };
}
