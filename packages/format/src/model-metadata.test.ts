import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MienError } from "./errors.ts";
import { decodeModelMetadata, encodeModelMetadata } from "./model-metadata.ts";
import { readOnnxMetadata } from "./onnx-metadata.ts";

const metadata = {
  labels: ["Happy", "Sad"],
  input: { height: 48, width: 48, channels: 1 },
  training: { seed: 1 },
};

/** A minimal ModelProto: ir_version 9, an empty graph, the given metadata_props. */
function onnxFile(props: Record<string, string>): Uint8Array {
  const message = (number: number, content: Buffer) =>
    Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
  const varint = (value: number): Buffer =>
    value < 128
      ? Buffer.from([value])
      : Buffer.concat([Buffer.from([(value % 128) + 128]), varint(Math.floor(value / 128))]);
  const entries = Object.entries(props).map(([key, value]) =>
    message(14, Buffer.concat([message(1, Buffer.from(key)), message(2, Buffer.from(value))])),
  );
  return Buffer.concat([Buffer.from([8, 9]), message(7, Buffer.alloc(300)), ...entries]);
}

describe("model metadata", () => {
  it("is the same after a round trip through an ONNX file", () => {
    const file = onnxFile(encodeModelMetadata(metadata));
    expect(decodeModelMetadata(readOnnxMetadata(file, "m.onnx"), "m.onnx")).toEqual(metadata);
    const hub = { ...metadata, pixelValues: { mean: [0.5, 0.4, 0.3], std: [0.5, 0.5, 1] } };
    expect(decodeModelMetadata(encodeModelMetadata(hub), "m")).toEqual(hub);
  });

  it("is refused with the reason when it is missing, of another version or malformed", () => {
    const props = encodeModelMetadata(metadata);
    const decode = (changed: Record<string, string>) => () =>
      decodeModelMetadata(changed, "m.onnx");
    expect(decode({})).toThrow(/m\.onnx is not an expression model of mien.*mien\.format/);
    expect(decode({ ...props, "mien.format": "2" })).toThrow(
      /format is "2", this version reads "1"/,
    );
    expect(decode({ ...props, "mien.labels": '["one"]' })).toThrow(/at least two names/);
    expect(decode({ ...props, "mien.labels": "[" })).toThrow(/"mien.labels" is not JSON/);
    for (const pixelValues of [
      "{}",
      '{"mean":[0,0],"std":[1,1]}',
      '{"mean":[0,0,0],"std":[1,0,1]}',
    ]) {
      expect(decode({ ...props, "mien.pixelValues": pixelValues })).toThrow(
        /mean and std of three channels/,
      );
    }
    expect(decode({ ...props, "mien.input": '{"height":48}' })).toThrow(
      /height, width and channels/,
    );
  });

  it("is read, or refused with a MienError, if the file is truncated or changed at random", () => {
    const file = onnxFile(encodeModelMetadata(metadata));
    const unexpected: unknown[] = [];
    const read = (bytes: Uint8Array) => {
      try {
        readOnnxMetadata(bytes, "fuzz.onnx");
      } catch (error) {
        if (!(error instanceof MienError)) unexpected.push(error);
      }
    };
    for (let length = 0; length < file.length; length++) read(file.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), (at, value) => {
        const damaged = file.slice();
        damaged[at] = value;
        read(damaged);
      }),
      { seed: 1, numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read), { seed: 2, numRuns: 500 });
    expect(unexpected).toEqual([]);
  });

  it("is refused in a file that is not an ONNX model", () => {
    expect(() => readOnnxMetadata(Buffer.from("<html></html>"), "m.onnx")).toThrow(
      /not an ONNX model/,
    );
    expect(() => readOnnxMetadata(new Uint8Array(), "m.onnx")).toThrow(/not an ONNX model/);
  });
});
