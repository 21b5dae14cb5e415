import { MienError } from "./errors.ts";
import { isRecord, isSide } from "./type-guards.ts";

/** The version of the metadata below; files of another version are refused. */
const MODEL_FORMAT = "1";

/** The input of an expression model: float32 [N, height, width, channels], pixels 0–255. */
export interface ModelInput {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: number;
}

/**
 * Hugging Face's layout of an image classifier: input `pixel_values`, float32 [N, 3, height, width] of
 * any height and width, which is (pixel / 255 − mean) / std; output `logits`.
 */
export interface PixelValues {
  /** One value for each of red, green and blue, for pixels of 0–1. */
  readonly mean: readonly number[];
  /** One value above 0 for each of red, green and blue. */
  readonly std: readonly number[];
}

/** The path of the float32 model in a folder of Hugging Face's layout. */
export const HUB_MODEL = "onnx/model.onnx";

/** The properties of a model that its graph does not contain; stored inside the ONNX file. */
export interface ModelMetadata {
  /** Class names in the order of the output. */
  readonly labels: readonly string[];
  /** The size to which images are scaled, and their channels. */
  readonly input: ModelInput;
  /**
   * Present if the graph has Hugging Face's layout. Else the input is float32 [N, height, width,
   * channels] of pixels 0–255, and the output is probabilities.
   */
  readonly pixelValues?: PixelValues | undefined;
  /** About the training: data SHA-256, split, seed, configuration. Any JSON object. */
  readonly training?: unknown;
  /** The metrics by split. Any JSON object. */
  readonly metrics?: unknown;
  /** Temperature and calibration error; absent if the model is not calibrated. Any JSON object. */
  readonly calibration?: unknown;
}

/**
 * Encodes metadata as ONNX `metadata_props`: `mien.format`, `mien.labels`, `mien.input` and so on,
 * as JSON.
 */
export function encodeModelMetadata(metadata: ModelMetadata): Record<string, string> {
  const props: Record<string, string> = { "mien.format": MODEL_FORMAT };
  for (const [key, value] of Object.entries(metadata)) {
    if (value !== undefined) props[`mien.${key}`] = JSON.stringify(value);
  }
  return props;
}

/**
 * Decodes metadata from the `metadata_props` of an ONNX file.
 *
 * @param name of the file in errors.
 * @throws {MienError} `bad-model` if the file is not a model of mien, has another format version,
 *   or a field is malformed.
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
  if (!isTextArray(labels) || labels.length < 2) {
    return fail('"mien.labels" must be a JSON array of at least two names');
  }
  const input = parse("input");
  if (!isModelInput(input)) {
    return fail('"mien.input" must give height, width and channels');
  }
  const pixelValues = parse("pixelValues");
  if (pixelValues !== undefined && !isPixelValues(pixelValues)) {
    return fail('"mien.pixelValues" must give mean and std of three channels');
  }
  return {
    labels,
    input,
    ...(pixelValues === undefined ? {} : { pixelValues }),
    training: parse("training"),
    metrics: parse("metrics"),
    calibration: parse("calibration"),
  };
}

function isTextArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isModelInput(value: unknown): value is ModelInput {
  return (
    isRecord(value) &&
    isSide(value["height"]) &&
    isSide(value["width"]) &&
    isSide(value["channels"])
  );
}

function isPixelValues(value: unknown): value is PixelValues {
  const isTriple = (list: unknown): list is number[] =>
    Array.isArray(list) && list.length === 3 && list.every((item) => typeof item === "number");
  if (!isRecord(value)) return false;
  const { mean, std } = value;
  return isTriple(mean) && isTriple(std) && std.every((item) => item > 0);
}
