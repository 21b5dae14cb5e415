import { MienError } from "./errors.ts";

/** The wire type of fields that begin with their length. */
const LENGTH_DELIMITED = 2;

/**
 * Yields the fields of one protobuf message: the bytes of a length-delimited field, the number of a
 * varint, and undefined for fields of four or eight bytes.
 *
 * @param name of the file in errors.
 * @throws {MienError} `bad-model` if the bytes are not such a message or are cut off.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function* protobufFields(
  bytes: Uint8Array,
  name: string,
): Generator<{ number: number; value: Uint8Array | number | undefined }> {
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
    if (wireType === 0) {
      yield { number, value: varint() };
      continue;
    }
    if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else fail();
    if (at > bytes.length) fail();
    yield { number, value: undefined };
  }
}
