import { readFile } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf } from "@mien/format";
import { sizeOf } from "./array.ts";

/** The weights of one variable. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A tfjs LayersModel as it was saved: what it computes, and with which weights. */
export interface LayersModel {
  /** `modelTopology` of `model.json`. */
  readonly topology: unknown;
  /** By name, e.g. `conv2d_1/kernel`. */
  readonly weights: Readonly<Record<string, Weight>>;
}

/** Bytes per element of what tfjs saves unquantised. */
const DTYPE_BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1 };

/**
 * Reads a LayersModel as `model.save("file://…")` and Keras' tfjs converter leave it: `model.json`
 * and the weight files that it names. An optimiser's state in it is skipped.
 *
 * @param folder the folder that holds `model.json`.
 * @throws {MienError} `missing-file` without a `model.json`; `bad-model` if a file is missing,
 * outside the folder, cut off or too long, or a weight is not finite; `unsupported` for a graph model and for
 * quantised weights.
 */
export async function readLayersModel(folder: string): Promise<LayersModel> {
  const file = path.join(folder, "model.json");
  const json = await readModelJson(file);
  const fail = (problem: string): never => {
    throw new MienError("bad-model", `${file}: ${problem}`);
  };
  if (json["format"] === "graph-model") {
    throw new MienError("unsupported", `${file} is a graph model, expected a LayersModel`, {
      advice: "Save the model with `model.save()` of tfjs-layers, or convert it from Keras.",
    });
  }
  const { modelTopology, weightsManifest } = json;
  if (!isObject(modelTopology)) return fail('"modelTopology" is missing');
  if (!Array.isArray(weightsManifest)) return fail('"weightsManifest" must be a list of groups');
  const weights: Record<string, Weight> = Object.create(null) as Record<string, Weight>;
  for (const group of weightsManifest as unknown[]) {
    if (!isObject(group) || !Array.isArray(group["paths"]) || !Array.isArray(group["weights"])) {
      return fail('a group of "weightsManifest" must list "paths" and "weights"');
    }
    const specs = group["weights"].map((spec: unknown) => parseSpec(spec, file));
    const bytes = await readShards(folder, group["paths"], file);
    const expected = specs.reduce((sum, spec) => sum + spec.bytes, 0);
    if (bytes.length !== expected) {
      return fail(
        `the weights of ${group["paths"].join(", ")} should take ${expected} bytes, found ${bytes.length}`,
      );
    }
    let at = 0;
    for (const spec of specs) {
      // Copied, because a view must begin on a multiple of four bytes.
      const raw = new Uint8Array(bytes.subarray(at, at + spec.bytes));
      at += spec.bytes;
      if (spec.ofOptimizer) continue;
      if (spec.dtype !== "float32")
        return fail(`weight ${spec.name} must be float32, found ${spec.dtype}`);
      if (spec.name in weights) return fail(`weight ${spec.name} appears twice`);
      const data = new Float32Array(raw.buffer);
      const broken = data.findIndex((value) => !Number.isFinite(value));
      if (broken >= 0) {
        return fail(`weight ${spec.name} holds ${data[broken] ?? ""} at position ${broken}`);
      }
      weights[spec.name] = { shape: spec.shape, data };
    }
  }
  return { topology: modelTopology, weights };
}

async function readModelJson(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`, {
      advice: "Name the folder that holds model.json.",
      cause: error,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new MienError("bad-model", `${file} is not JSON: ${messageOf(error)}`);
  }
  if (isObject(json)) return json;
  throw new MienError("bad-model", `${file} must hold a JSON object`);
}

/** All weight files of one group, one after the other. */
async function readShards(
  folder: string,
  paths: readonly unknown[],
  file: string,
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
      parts.push(await readFile(path.join(folder, name)));
    } catch (error) {
      throw new MienError("bad-model", `${file} names ${name}: ${messageOf(error)}`, {
        advice: "Copy the whole folder; the weight files belong to it.",
        cause: error,
      });
    }
  }
  return Buffer.concat(parts);
}

/** Whether a path is relative, on any system, and never steps out of the folder. */
function liesInside(name: string): boolean {
  const absolute = /^([/\\]|[A-Za-z]:)/.test(name);
  return name !== "" && !absolute && !name.includes("\0") && !name.split(/[/\\]/).includes("..");
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly bytes: number;
  readonly ofOptimizer: boolean;
}

function parseSpec(spec: unknown, file: string): WeightSpec {
  const fail = (problem: string): never => {
    throw new MienError("bad-model", `${file}: ${problem}`);
  };
  if (!isObject(spec)) return fail("an entry of the weights manifest is not an object");
  const { name, shape, dtype, quantization } = spec;
  if (typeof name !== "string" || name === "") return fail("a weight has no name");
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    return fail(`the shape of weight ${name} must be a list of whole numbers`);
  }
  if (quantization !== undefined && quantization !== null) {
    throw new MienError("unsupported", `${file}: weight ${name} is quantised, expected float32`, {
      advice: "Save the model without quantisation.",
    });
  }
  const bytesEach = typeof dtype === "string" ? DTYPE_BYTES[dtype] : undefined;
  if (bytesEach === undefined) {
    const known = Object.keys(DTYPE_BYTES).join(", ");
    return fail(`weight ${name} has dtype ${JSON.stringify(dtype)}; known: ${known}`);
  }
  return {
    name,
    shape: shape as number[],
    dtype: dtype as string,
    bytes: sizeOf(shape as number[]) * bytesEach,
    ofOptimizer: spec["group"] === "optimizer",
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
