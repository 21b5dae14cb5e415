import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { MienError, readOnnxMetadata } from "@mien/format";
import { describe, expect, it } from "vitest";
import { decodeOnnxModel } from "./decode-onnx-model.ts";
import { encodeOnnxModel, type Graph } from "./onnx-model.ts";
import { ProtoMessage } from "./protobuf.ts";

const RELEASE = path.resolve(import.meta.dirname, "../../../../artifacts/release");

/** Every type of attribute, constant and size. */
const GRAPH: Graph = {
  name: "g",
  inputs: [{ name: "x", shape: [3, "height"] }, { name: "free" }],
  outputs: [{ name: "y", shape: [] }],
  nodes: [
    {
      op: "Any",
      name: "node",
      inputs: ["x", "", "a"],
      outputs: ["y"],
      attributes: {
        int: { int: -1 },
        large: { int: 2 ** 40 },
        ints: { ints: [-2, 0, 300] },
        none: { ints: [] },
        float: { float: 0.5 },
        text: { text: "ä" },
      },
    },
  ],
  tensors: new Map([
    ["a", { dims: [], data: Float32Array.of(1.5) }],
    ["b", { dims: [2, 1], data: Uint16Array.of(1, 65535) }],
    ["c", { dims: [3], data: Uint8Array.of(0, 128, 255) }],
    ["d", { dims: [1], data: Int8Array.of(-128) }],
    ["e", { dims: [1], data: Int32Array.of(-(2 ** 31)) }],
    ["f", { dims: [2], data: BigInt64Array.of(-1n, 7n) }],
    ["g", { dims: [0], data: new Float32Array() }],
  ]),
};

describe("decodeOnnxModel", () => {
  it("returns the graph that was encoded", () => {
    expect(decodeOnnxModel(encodeOnnxModel(GRAPH, { opset: 19 }), "m")).toEqual({
      graph: GRAPH,
      opset: 19,
    });
  });

  it("loses nothing of the released models: encoding gives the same bytes", () => {
    const files = readdirSync(RELEASE).filter((file) => file.endsWith(".onnx"));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const bytes = readFileSync(path.join(RELEASE, file));
      const { graph, opset } = decodeOnnxModel(bytes, file);
      const again = encodeOnnxModel(graph, { opset, metadata: readOnnxMetadata(bytes, file) });
      expect(Buffer.compare(again, bytes), file).toBe(0);
    }
  });

  it("refuses what it would lose, and skips what changes no output", () => {
    const bytes = encodeOnnxModel(GRAPH);
    const add = (field: ProtoMessage) => Buffer.concat([bytes, field.toBytes()]);
    const local = new ProtoMessage().message(25, new ProtoMessage().text(1, "f"));
    expect(() => decodeOnnxModel(add(local), "m.onnx")).toThrow(
      "m.onnx cannot be rewritten: it uses field 25 of a model",
    );
    const opset = new ProtoMessage().message(8, new ProtoMessage().text(1, "com.microsoft"));
    expect(() => decodeOnnxModel(add(opset), "m")).toThrow("operators of several domains");
    const comment = new ProtoMessage().text(6, "a comment");
    expect(decodeOnnxModel(add(comment), "m").graph).toEqual(GRAPH);
  });

  it("is a MienError or a graph, wherever the file is cut or bent", () => {
    const bytes = encodeOnnxModel(GRAPH);
    const unexpected: unknown[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const bent = bytes.slice();
      bent[at] = (bent[at] ?? 0) ^ 0xff;
      for (const damaged of [bytes.subarray(0, at), bent]) {
        try {
          decodeOnnxModel(damaged, "m");
        } catch (error) {
          if (!(error instanceof MienError)) unexpected.push(error);
        }
      }
    }
    expect(unexpected).toEqual([]);
  });
});
