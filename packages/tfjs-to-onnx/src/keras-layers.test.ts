import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { MienError } from "@mien/format";
import { describe, expect, it } from "vitest";
import { runOnnx } from "@mien/runtime";
import { convertLayersModel } from "./convert.ts";
import { readLayersModel } from "./read/layers-model.ts";

interface Answered {
  readonly shape: number[];
  readonly data: number[];
}
interface Example {
  readonly name: string;
  readonly model: unknown;
  readonly weights: string;
  readonly inputs: Answered[];
  readonly outputs: Answered[];
}

/** The text that replaces a difference if a model is refused. */
const REFUSED = "refused: ";

/** The models that are not supported, each with the reason in the error. */
const REFUSALS: readonly RegExp[] = [
  / (exponential|leaky_relu|hard_silu|hard_swish|log_sigmoid): .* has the activation "\w+"; supported/,
  /^conv with a layer as its activation: .*"activation" must be a word/,
  /^relu with a slope: .*"negative_slope": 0\.1/,
  /^elu 0\.7: .*"alpha": 0\./,
  /^softmax axis [12]: .*supported is the last one/,
  /^transposed dilated .*"dilation_rate": \[2,2\]; supported is 1/,
  /^transposed with(out)? output padding .*"output_padding"/,
  /^conv2d in groups: .*"groups": 2/,
  /^conv1d causal: .*the padding "causal"/,
  /^global .* kept .*"keepdims": true/,
  /^layer normalisation axis \[3, 2\]: .*needs layer_normalization\/gamma of shape/,
  /^layer normalisation by the root mean square: .*"rms_scaling": true/,
  /^bicubic .*the interpolation "bicubic"/,
  /^rescaling by channel.*"scale" must be a number/,
  /^sequential in sequential in sequential: .*appears twice/,
  /trains? .*: .*is called with "training": true/,
  /^training on .*: .*is called with "training": true/,
  /^operators of two tensors: .*TFOpLambda\) cannot be converted/,
  /^operators with numbers: /,
];

async function differenceOf(example: Example): Promise<number | string> {
  const folder = await mkdtemp(path.join(tmpdir(), "mien-keras-"));
  try {
    await writeFile(path.join(folder, "model.json"), JSON.stringify(example.model));
    const bytes = Buffer.from(example.weights, "base64");
    await writeFile(path.join(folder, "group1-shard1of1.bin"), bytes);
    const onnx = convertLayersModel(await readLayersModel(folder));
    const inputs = example.inputs.map(({ shape, data }) => ({
      shape,
      data: Float32Array.from(data),
    }));
    const answers = await runOnnx(onnx, inputs);
    return Math.max(
      ...example.outputs.map(({ shape, data }, i) => {
        if (answers[i]?.shape.join() !== shape.join()) return Infinity;
        const scale = Math.max(...data.map(Math.abs), 1e-30);
        return (
          Math.max(...data.map((value, j) => Math.abs(value - (answers[i]?.data[j] ?? NaN)))) /
          scale
        );
      }),
    );
  } catch (error) {
    if (error instanceof MienError) return REFUSED + error.message;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.each(["keras2", "keras3"])("models of %s", (name) => {
  it("answer as Keras did, or are refused by name", async () => {
    const file = path.resolve(import.meta.dirname, `../fixtures/${name}-layers.jsonl.gz`);
    const lines = gunzipSync(await readFile(file))
      .toString()
      .trim()
      .split("\n");
    const wrong: string[] = [];
    const refused: string[] = [];
    for (const line of lines) {
      const example = JSON.parse(line) as Example;
      const difference = await differenceOf(example);
      if (typeof difference === "string") refused.push(`${example.name}: ${difference}`);
      else if (!(difference < 2e-5)) wrong.push(`${example.name}: ${difference}`);
    }
    expect(wrong).toEqual([]);
    // No other model may be refused.
    expect(refused.filter((line) => !REFUSALS.some((pattern) => pattern.test(line)))).toEqual([]);
    expect(lines.length - refused.length).toBeGreaterThan(160);
  });
});
