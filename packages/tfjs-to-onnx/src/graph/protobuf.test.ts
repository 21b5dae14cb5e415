import { MienError, readOnnxMetadata } from "@mien/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeOnnxModel, type Graph } from "./onnx-model.ts";
import { ProtoMessage } from "./protobuf.ts";

const hex = (message: ProtoMessage) => Buffer.from(message.toBytes()).toString("hex");

const EMPTY: Graph = { name: "g", inputs: [], outputs: [], nodes: [], tensors: new Map() };

function metadataOrError(bytes: Uint8Array): unknown {
  try {
    return readOnnxMetadata(bytes, "m");
  } catch (error) {
    return error;
  }
}

describe("ProtoMessage", () => {
  it("encodes the examples of protobuf's own documentation", () => {
    expect(hex(new ProtoMessage().int(1, 150))).toBe("089601");
    expect(hex(new ProtoMessage().text(2, "testing"))).toBe("120774657374696e67");
    expect(hex(new ProtoMessage().message(3, new ProtoMessage().int(1, 150)))).toBe("1a03089601");
    expect(hex(new ProtoMessage().int(1, -2))).toBe("08feffffffffffffffff01");
  });

  it("encodes a float as four bytes, lowest first", () => {
    expect(hex(new ProtoMessage().float(2, 1))).toBe("150000803f");
  });
});

describe("encodeOnnxModel", () => {
  it("keeps every metadata text, read back by the reader of the format package", () => {
    const texts = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(texts, (metadata) => {
        const bytes = encodeOnnxModel(EMPTY, { metadata });
        expect(Object.entries(readOnnxMetadata(bytes, "m"))).toEqual(Object.entries(metadata));
      }),
      { seed: 1 },
    );
  });

  it("is recognised as cut off wherever it is cut", () => {
    const bytes = encodeOnnxModel(EMPTY, { metadata: { "mien.format": "1" } });
    for (let length = 0; length < bytes.length; length++) {
      expect(metadataOrError(bytes.subarray(0, length))).toSatisfy(
        (found) => found instanceof MienError || Object.keys(found as object).length === 0,
      );
    }
  });
});
