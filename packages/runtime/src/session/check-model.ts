import { MienError, type ModelMetadata } from "@mien/format";
import type { Session, TensorInfo } from "./ort.ts";

/** Larger inputs are taken for damaged metadata rather than for a face. */
const MAX_SIDE = 4096;

/**
 * Checks that a graph is the one that its metadata describes: one float32 input
 * [N, height, width, channels] with N free, one float32 output [N, classes].
 *
 * @param name what to call the file in errors.
 * @throws {MienError} `bad-model` naming the first thing that does not fit.
 */
export function checkSignature(session: Session, metadata: ModelMetadata, name: string): void {
  const { height, width, channels } = metadata.input;
  if (height > MAX_SIDE || width > MAX_SIDE || (channels !== 1 && channels !== 3)) {
    throw badModel(
      name,
      `its metadata asks for ${width}×${height} pixels of ${channels} channels; ` +
        `at most ${MAX_SIDE}×${MAX_SIDE} with 1 (grey) or 3 (RGB) can be`,
    );
  }
  const input = onlyOne(session.inputs, "input", name);
  const output = onlyOne(session.outputs, "output", name);
  const wanted = ["N", height, width, channels];
  if (input.type !== "float32" || !fits(input.shape, wanted)) {
    throw badModel(name, `expected ${describe("float32", wanted)} as input, found ${show(input)}`);
  }
  const classes = ["N", metadata.labels.length];
  const shapeIsKnown = output.shape.length > 0;
  if (output.type !== "float32" || (shapeIsKnown && !fits(output.shape, classes))) {
    throw badModel(
      name,
      `expected ${describe("float32", classes)} as output, one value for each of the labels ` +
        `${metadata.labels.join(", ")}; found ${show(output)}`,
    );
  }
}

/**
 * Checks what a model answered.
 *
 * @param dims the shape of the answer; must be [count, classes].
 * @param probabilities its values; must be finite, 0–1, and sum to 1 for each image.
 * @throws {MienError} `bad-model` if that is not so.
 */
export function checkAnswer(
  answer: { readonly type: string; readonly dims: readonly number[]; readonly data: unknown },
  count: number,
  labels: readonly string[],
  name: string,
): Float32Array {
  const { dims, data } = answer;
  const wanted = [count, labels.length];
  if (!(data instanceof Float32Array) || !fits(dims, wanted)) {
    throw badModel(
      name,
      `expected the answer to be ${describe("float32", wanted)} for ${count} images and the ` +
        `labels ${labels.join(", ")}; found ${describe(answer.type, dims)}`,
    );
  }
  for (let at = 0; at < data.length; at += labels.length) {
    const row = data.subarray(at, at + labels.length);
    const sum = row.reduce((total, value) => total + value, 0);
    // Written so that NaN fails too.
    if (!(Math.abs(sum - 1) < 1e-3) || row.some((value) => value < 0)) {
      throw badModel(
        name,
        `its answer [${[...row].map((value) => value.toPrecision(3)).join(", ")}] is no ` +
          "list of probabilities (0–1, sum 1)",
      );
    }
  }
  return data;
}

/** A `bad-model` error about one file. */
export function badModel(name: string, problem: string, cause?: unknown): MienError {
  return new MienError("bad-model", `${name} cannot be used as an expression model: ${problem}`, {
    advice: "Make one with `npx nx run export:onnx`.",
    cause,
  });
}

function onlyOne(values: readonly TensorInfo[], what: string, name: string): TensorInfo {
  const [first, ...rest] = values;
  if (first !== undefined && rest.length === 0) return first;
  const found = values.map((value) => value.name).join(", ") || "none";
  throw badModel(name, `expected exactly one ${what}, found ${values.length} (${found})`);
}

/** A named dimension is free, so it fits any size; the batch must be free. */
function fits(shape: readonly (number | string)[], wanted: readonly (number | string)[]): boolean {
  return (
    shape.length === wanted.length &&
    wanted.every((size, i) => typeof shape[i] === "string" || shape[i] === size)
  );
}

function show(value: TensorInfo): string {
  return `${describe(value.type, value.shape)} named "${value.name}"`;
}

function describe(type: string, shape: readonly (number | string)[]): string {
  return `${type} [${shape.map((size) => size || "?").join(", ")}]`;
}
