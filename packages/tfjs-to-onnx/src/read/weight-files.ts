import { fromHalf, MienError, messageOf } from "@mien/format";
import { sizeOf } from "../graph/array.ts";
import { isIndex, isList, isObject } from "./json.ts";

/** The weights of one variable. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** The file's content if it is quantised to bytes. */
  readonly bytes?: Quantised;
}

/**
 * Reads a file that belongs to a model.
 *
 * @param name its path in the folder of the model, as the manifest states it.
 */
export type ReadFile = (name: string) => Promise<Uint8Array>;

/** Numbers as bytes q that stand for q · scale + min. */
interface Quantised {
  readonly values: Uint8Array;
  readonly scale: number;
  readonly min: number;
}

/** Bytes per element, by dtype. */
const DTYPE_BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1 };
/** Bytes per element of quantised weights, by dtype. */
const QUANTISED_BYTES: Readonly<Record<string, number>> = { uint8: 1, uint16: 2, float16: 2 };

/**
 * Reads the weight files that a tfjs weights manifest lists, in any number of groups and shards,
 * plain or quantised to uint8, uint16 or float16. The state of an optimiser is skipped.
 *
 * @param manifest `weightsManifest` of a `model.json`, or the whole of a `weights_manifest.json`.
 * @param options.read reads one of the files.
 * @param options.file the manifest's path, for errors.
 * @throws {MienError} `bad-model` if a file is missing, outside the folder, cut off or too long, a
 * weight's entry is invalid, it appears twice, or it is not finite.
 */
export async function readWeightFiles(
  manifest: unknown,
  options: { readonly read: ReadFile; readonly file: string },
): Promise<Record<string, Weight>> {
  const fail = (problem: string): never => {
    throw new MienError("bad-model", `${options.file}: ${problem}`);
  };
  if (!isList(manifest)) return fail("the weights manifest must be a list of groups");
  const weights = Object.create(null) as Record<string, Weight>;
  for (const group of manifest) {
    if (!isObject(group) || !Array.isArray(group["paths"]) || !Array.isArray(group["weights"])) {
      return fail('a group of the weights manifest must list "paths" and "weights"');
    }
    const bytes = await readShards(group["paths"], options);
    const where = `the weights of ${group["paths"].join(", ")}`;
    addWeights(weights, { specs: group["weights"], bytes, where, fail });
  }
  return weights;
}

/**
 * Decodes the weights of one group.
 *
 * @param weights gets the weights, by name.
 * @param group.specs the list that describes them, as in a weights manifest.
 * @param group.where what the bytes are, for errors.
 * @param group.fail throws an error with the given problem.
 */
export function addWeights(
  weights: Record<string, Weight>,
  group: {
    readonly specs: readonly unknown[];
    readonly bytes: Uint8Array;
    readonly where: string;
    readonly fail: (problem: string) => never;
  },
): void {
  const { bytes, where, fail } = group;
  const specs = group.specs.map((spec) => parseSpec(spec, fail));
  const expected = specs.reduce((sum, spec) => sum + spec.bytes, 0);
  if (bytes.length !== expected) {
    return fail(`${where} should take ${expected} bytes, found ${bytes.length}`);
  }
  let at = 0;
  for (const spec of specs) {
    // Copied, because a typed array must begin at a multiple of its element size.
    const raw = new Uint8Array(bytes.subarray(at, at + spec.bytes));
    at += spec.bytes;
    if (spec.ofOptimizer) continue;
    if (spec.dtype !== "float32") {
      return fail(`weight ${spec.name} must be float32, found ${spec.dtype}`);
    }
    if (spec.name in weights) return fail(`weight ${spec.name} appears twice`);
    const weight = { shape: spec.shape, ...decode(raw, spec.quantisation) };
    const broken = weight.data.findIndex((value) => !Number.isFinite(value));
    if (broken >= 0) {
      return fail(`weight ${spec.name} holds ${weight.data[broken] ?? ""} at position ${broken}`);
    }
    weights[spec.name] = weight;
  }
}

/** Joins arrays of bytes. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Decodes bytes to float32, with tfjs' arithmetic and rounding. */
function decode(raw: Uint8Array, quantisation: Quantisation | undefined): Omit<Weight, "shape"> {
  if (quantisation === undefined) return { data: new Float32Array(raw.buffer) };
  const { dtype, scale, min } = quantisation;
  if (dtype === "float16") {
    return { data: Float32Array.from(new Uint16Array(raw.buffer), fromHalf) };
  }
  const values = dtype === "uint8" ? raw : new Uint16Array(raw.buffer);
  const data = Float32Array.from(values, (value) => value * scale + min);
  return values instanceof Uint8Array ? { data, bytes: { values, scale, min } } : { data };
}

/** Reads all weight files of one group into one buffer. */
async function readShards(
  paths: readonly unknown[],
  { read, file }: { readonly read: ReadFile; readonly file: string },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const name of paths) {
    if (typeof name !== "string" || !liesInside(name)) {
      throw new MienError(
        "bad-model",
        `${file}: weight files must lie inside the folder, found the path ${JSON.stringify(name)}`,
      );
    }
    try {
      parts.push(await read(name));
    } catch (error) {
      throw new MienError("bad-model", `${file} names ${name}: ${messageOf(error)}`, {
        advice: "Copy the whole folder; the weight files belong to it.",
        cause: error,
      });
    }
  }
  return joinBytes(parts);
}

/** Whether a path is relative on every system and stays inside the folder. */
function liesInside(name: string): boolean {
  const absolute = /^([/\\]|[A-Za-z]:)/.test(name);
  return name !== "" && !absolute && !name.includes("\0") && !name.split(/[/\\]/).includes("..");
}

/** Quantisation of a weight; scale and min are 1 and 0 for float16. */
interface Quantisation {
  readonly dtype: string;
  readonly bytesEach: number;
  readonly scale: number;
  readonly min: number;
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly bytes: number;
  readonly quantisation: Quantisation | undefined;
  readonly ofOptimizer: boolean;
}

function parseSpec(spec: unknown, fail: (problem: string) => never): WeightSpec {
  if (!isObject(spec)) return fail("an entry of the weights manifest is not an object");
  const { name, shape, dtype } = spec;
  if (typeof name !== "string" || name === "") return fail("a weight has no name");
  if (!isList(shape) || !shape.every(isIndex)) {
    return fail(`the shape of weight ${name} must be a list of whole numbers`);
  }
  const plainBytes = sizeOfType(DTYPE_BYTES, dtype);
  if (typeof dtype !== "string" || plainBytes === undefined) {
    const known = Object.keys(DTYPE_BYTES).join(", ");
    return fail(`weight ${name} has dtype ${JSON.stringify(dtype)}; known: ${known}`);
  }
  const quantisation = parseQuantisation(spec["quantization"] ?? undefined, name, fail);
  return {
    name,
    shape,
    dtype,
    bytes: sizeOf(shape) * (quantisation?.bytesEach ?? plainBytes),
    quantisation,
    ofOptimizer: spec["group"] === "optimizer",
  };
}

function parseQuantisation(
  value: unknown,
  weight: string,
  fail: (problem: string) => never,
): Quantisation | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) return fail(`"quantization" of weight ${weight} must be an object`);
  const { dtype, scale = 1, min = 0 } = value;
  const bytesEach = sizeOfType(QUANTISED_BYTES, dtype);
  if (typeof dtype !== "string" || bytesEach === undefined) {
    const known = Object.keys(QUANTISED_BYTES).join(", ");
    return fail(`weight ${weight} is quantised to ${JSON.stringify(dtype)}; known: ${known}`);
  }
  if (!isFiniteNumber(scale) || !isFiniteNumber(min)) {
    return fail(`"scale" and "min" of the quantised weight ${weight} must be numbers`);
  }
  return { dtype, bytesEach, scale, min };
}

function sizeOfType(sizes: Readonly<Record<string, number>>, dtype: unknown): number | undefined {
  return typeof dtype === "string" && Object.hasOwn(sizes, dtype) ? sizes[dtype] : undefined;
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
