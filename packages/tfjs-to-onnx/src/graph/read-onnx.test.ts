import { MienError } from "@mien/format";
import { describe, expect, it } from "vitest";
import { runOnnx } from "@mien/runtime";
import { encodeOnnxModel, type Graph } from "./onnx-model.ts";
import { exposeValues, readNodes } from "./read-onnx.ts";

/** y = relu(x · 2) + 1 */
const GRAPH: Graph = {
  name: "g",
  inputs: [{ name: "x", shape: [2] }],
  outputs: [{ name: "y", shape: [2] }],
  nodes: [
    { op: "Mul", name: "twice", inputs: ["x", "two"], outputs: ["twice"], attributes: {} },
    { op: "Relu", name: "relu", inputs: ["twice"], outputs: ["relu"], attributes: {} },
    { op: "Add", name: "sum", inputs: ["relu", "one"], outputs: ["y"], attributes: {} },
  ],
  tensors: new Map([
    ["one", { dims: [], data: Float32Array.of(1) }],
    ["two", { dims: [], data: Float32Array.of(2) }],
  ]),
};
const bytes = encodeOnnxModel(GRAPH, { metadata: { key: "value" } });

/** The error that a call throws; undefined if it succeeds. */
function errorOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const isExpected = (error: unknown) => error === undefined || error instanceof MienError;

describe("an ONNX file", () => {
  it("lists its nodes in order", () => {
    expect(readNodes(bytes)).toEqual([
      { op: "Mul", outputs: ["twice"] },
      { op: "Relu", outputs: ["relu"] },
      { op: "Add", outputs: ["y"] },
    ]);
  });

  it("answers values from inside once they are exposed", async () => {
    const exposed = exposeValues(bytes, ["relu", "twice"]);
    const x = { shape: [1, 2], data: Float32Array.of(-3, 4) };
    const answers = await runOnnx(exposed, [x]);
    expect(answers.map(({ data }) => [...data])).toEqual([
      [0, 8],
      [-6, 8],
    ]);
    expect([...((await runOnnx(bytes, [x]))[0]?.data ?? [])]).toEqual([1, 9]);
  });

  it("is recognised as damaged wherever it is cut or bent", () => {
    for (let length = 0; length < bytes.length; length++) {
      const bent = bytes.slice();
      bent[length] = (bent[length] as number) ^ 0xff;
      for (const damaged of [bytes.subarray(0, length), bent]) {
        expect(errorOf(() => exposeValues(damaged, ["relu"]))).toSatisfy(isExpected);
        expect(errorOf(() => readNodes(damaged))).toSatisfy(isExpected);
      }
    }
    expect(() => readNodes(bytes.subarray(0, bytes.length / 2))).toThrow(/not an ONNX model/);
  });
});
