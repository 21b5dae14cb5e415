import { MienError } from "./errors.ts";

/** Field numbers of ONNX's ModelProto and StringStringEntryProto, and protobuf's wire types. */
const METADATA_PROPS = 14;
const GRAPH = 7;
const LENGTH_DELIMITED = 2;

/**
 * Reads the `metadata_props` of an ONNX file without loading the model.
 *
 * onnxruntime's JavaScript API does not return them, so mien reads them from the bytes. The graph
 * is skipped, so reading takes microseconds.
 *
 * @param bytes the whole file.
 * @param name of the file in errors.
 * @throws {MienError} `bad-model` if the bytes are not an ONNX model or are cut off.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function readOnnxMetadata(bytes: Uint8Array, name: string): Record<string, string> {
  const props: Record<string, string> = {};
  let hasGraph = false;
  for (const field of protobufFields(bytes, name)) {
    if (field.number === GRAPH && field.value !== undefined) hasGraph = true;
    if (field.number !== METADATA_PROPS || field.value === undefined) continue;
    const entry = new Map<number, string>();
    for (const { number, value } of protobufFields(field.value, name)) {
      if (value !== undefined) entry.set(number, new TextDecoder().decode(value));
    }
    props[entry.get(1) ?? ""] = entry.get(2) ?? "";
  }
  if (!hasGraph) {
    throw new MienError("bad-model", `${name} is not an ONNX model: it contains no graph`);
  }
  return props;
}

/**
 * Yields the fields of one protobuf message; `value` is undefined unless the field is
 * length-delimited.
 */
function* protobufFields(
  bytes: Uint8Array,
  name: string,
): Generator<{ number: number; value: Uint8Array | undefined }> {
  let at = 0;
  const fail = (): never => {
    throw new MienError(
      "bad-model",
      `${name} is not an ONNX model, or is cut off: byte ${at} of ${bytes.length} is invalid`,
    );
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) return fail();
      at++;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return fail();
  };
  while (at < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const wireType = key % 8;
    if (number === 0) fail();
    if (wireType === LENGTH_DELIMITED) {
      const length = varint();
      if (at + length > bytes.length) fail();
      yield { number, value: bytes.subarray(at, at + length) };
      at += length;
      continue;
    }
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else fail();
    if (at > bytes.length) fail();
    yield { number, value: undefined };
  }
}
