import type { MienError, ModelMetadata } from "@mien/format";
import { badModel, type ModelPurpose } from "./model-runner.ts";
import type { Session, TensorInfo } from "./ort.ts";

/** Use of a model as an expression model. */
export const EXPRESSION_MODEL: ModelPurpose = {
  kind: "an expression model",
  user: "classifier",
  advice: "Make one with `npx nx run export:onnx`.",
};

/** A larger side of the input means damaged metadata. */
const MAX_SIDE = 4096;

/**
 * Checks that a graph matches its metadata: one float32 input [N, height, width, channels] with N
 * free (in Hugging Face's layout [N, 3, height, width]), one float32 output [N, classes].
 *
 * @param name of the model in errors.
 * @throws {MienError} `bad-model` naming the first difference.
 */
export function checkSignature(session: Session, metadata: ModelMetadata, name: string): void {
  const { height, width, channels } = metadata.input;
  if (height > MAX_SIDE || width > MAX_SIDE || (channels !== 1 && channels !== 3)) {
    throw badExpressionModel(
      name,
      `its metadata asks for ${width}×${height} pixels of ${channels} channels; ` +
        `possible are at most ${MAX_SIDE}×${MAX_SIDE} with 1 (grey) or 3 (RGB)`,
    );
  }
  const input = onlyOne(session.inputs, "input", name);
  const output = onlyOne(session.outputs, "output", name);
  const expectedInput =
    metadata.pixelValues === undefined ? ["N", height, width, channels] : ["N", 3, height, width];
  if (input.type !== "float32" || !matches(input.shape, expectedInput)) {
    throw badExpressionModel(
      name,
      `expected ${describe("float32", expectedInput)} as input, found ${describeTensor(input)}`,
    );
  }
  const expectedOutput = ["N", metadata.labels.length];
  const shapeIsKnown = output.shape.length > 0;
  if (output.type !== "float32" || (shapeIsKnown && !matches(output.shape, expectedOutput))) {
    throw badExpressionModel(
      name,
      `expected ${describe("float32", expectedOutput)} as output, one value for each of the labels ` +
        `${metadata.labels.join(", ")}; found ${describeTensor(output)}`,
    );
  }
}

/** What the output of a model is checked against. */
interface ExpectedOutput {
  /** Number of images. */
  readonly count: number;
  readonly labels: readonly string[];
  /** Name of the model in errors. */
  readonly name: string;
}

/**
 * Checks the output of an expression model: float32 [count, classes], each row 0–1 with sum 1.
 *
 * @returns the probabilities.
 * @throws {MienError} `bad-model` if it is not.
 */
export function checkProbabilities(
  output: { readonly type: string; readonly dims: readonly number[]; readonly data: unknown },
  { count, labels, name }: ExpectedOutput,
): Float32Array {
  const { dims, data } = output;
  const expected = [count, labels.length];
  if (!(data instanceof Float32Array) || !matches(dims, expected)) {
    throw badExpressionModel(
      name,
      `expected the output to be ${describe("float32", expected)} for ${count} images and the ` +
        `labels ${labels.join(", ")}; found ${describe(output.type, dims)}`,
    );
  }
  for (let at = 0; at < data.length; at += labels.length) {
    const row = data.subarray(at, at + labels.length);
    const sum = row.reduce((total, value) => total + value, 0);
    // Written so that NaN fails too.
    if (!(Math.abs(sum - 1) < 1e-3) || row.some((value) => value < 0)) {
      throw badExpressionModel(
        name,
        `its output [${[...row].map((value) => value.toPrecision(3)).join(", ")}] is no ` +
          "list of probabilities (0–1, sum 1)",
      );
    }
  }
  return data;
}

function badExpressionModel(name: string, problem: string): MienError {
  return badModel({ name, purpose: EXPRESSION_MODEL }, problem);
}

function onlyOne(values: readonly TensorInfo[], what: string, name: string): TensorInfo {
  const [first, ...rest] = values;
  if (first !== undefined && rest.length === 0) return first;
  const found = values.map((value) => value.name).join(", ") || "none";
  throw badExpressionModel(name, `expected exactly one ${what}, found ${values.length} (${found})`);
}

type Shape = readonly (number | string)[];

/** A named dimension is free and matches any size; the batch dimension must be free. */
function matches(shape: Shape, expected: Shape): boolean {
  return (
    shape.length === expected.length &&
    expected.every((size, i) => typeof shape[i] === "string" || shape[i] === size)
  );
}

function describeTensor(value: TensorInfo): string {
  return `${describe(value.type, value.shape)} named "${value.name}"`;
}

function describe(type: string, shape: Shape): string {
  return `${type} [${shape.map((size) => size || "?").join(", ")}]`;
}
