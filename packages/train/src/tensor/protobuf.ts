/** Writers of protobuf's wire format: each gives one field of a message. */

const text = new TextEncoder();

/** An unsigned number; a negative one is written as its 64-bit two's complement. */
function varint(value: number): Buffer {
  const parts: number[] = [];
  for (let left = BigInt.asUintN(64, BigInt(value)); ; left >>= 7n) {
    if (left < 128n) return Buffer.from([...parts, Number(left)]);
    parts.push(Number(left & 127n) + 128);
  }
}

/** A whole number, also a boolean (0 or 1) or an enumeration value. */
export function integerField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A 64-bit float. */
export function doubleField(field: number, value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), data]);
}

/** A 32-bit float. */
export function floatField(field: number, value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return Buffer.concat([varint(field * 8 + 5), data]);
}

/** Bytes, UTF-8 text, or a message as a list of its fields. */
export function bytesField(
  field: number,
  content: Uint8Array | string | readonly Uint8Array[],
): Buffer {
  const data =
    typeof content === "string"
      ? text.encode(content)
      : content instanceof Uint8Array
        ? content
        : Buffer.concat(content);
  return Buffer.concat([varint(field * 8 + 2), varint(data.length), data]);
}
