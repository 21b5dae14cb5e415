import { MienError } from "@mien/format";

/** A field of a protobuf message. */
export interface Field {
  readonly number: number;
  /** The bytes of the field, with its key and length. */
  readonly raw: Uint8Array;
  /** The content of a field that has a length: a text, bytes or a message. */
  readonly value: Uint8Array | undefined;
  /** The bytes of a field without a length: an integer in base 128, or a number of 4 or 8 bytes. */
  readonly scalar: Uint8Array | undefined;
}

/**
 * Reads the fields of a protobuf message, in order.
 *
 * @throws {MienError} `bad-model` if the bytes are no message, or are cut off.
 */
export function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const fail = () => new MienError("bad-model", "the file is not an ONNX model, or is cut off");
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw fail();
  };
  while (at < bytes.length) {
    const start = at;
    const key = varint();
    const type = key % 8;
    const content = at;
    let value: Uint8Array | undefined;
    if (type === 0) varint();
    else if (type === 2) {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    } else at += type === 1 ? 8 : 4;
    if (at > bytes.length || (type > 2 && type !== 5)) throw fail();
    yield {
      number: Math.floor(key / 8),
      raw: bytes.subarray(start, at),
      value,
      scalar: type === 2 ? undefined : bytes.subarray(content, at),
    };
  }
}
