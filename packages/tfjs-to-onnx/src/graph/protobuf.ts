const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/**
 * Writes one protobuf message: fields in the order in which they are added.
 *
 * The pieces are joined in `toBytes`, so that megabytes of weights in nested messages are copied once
 * and not at every level.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class ProtoMessage {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  /** An int32, int64 or enum field; negative numbers take ten bytes, as the encoding requires. */
  int(field: number, value: number): this {
    this.#key(field, VARINT);
    this.#append(varint(value));
    return this;
  }

  /** A float field: 32 bits, little-endian. */
  float(field: number, value: number): this {
    this.#key(field, FIXED_32);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#append(bytes);
    return this;
  }

  /** A string field, in UTF-8. */
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A bytes field; `value` is not copied and must not change before `toBytes`. */
  bytes(field: number, value: Uint8Array): this {
    this.#key(field, LENGTH_DELIMITED);
    this.#append(varint(value.length));
    this.#append(value);
    return this;
  }

  /**
   * A field that is encoded already, with its key; not copied, and must not change before
   * `toBytes`.
   */
  raw(field: Uint8Array): this {
    this.#append(field);
    return this;
  }

  /** A field that is a message itself. */
  message(field: number, value: ProtoMessage): this {
    this.#key(field, LENGTH_DELIMITED);
    this.#append(varint(value.#length));
    for (const piece of value.#pieces) this.#append(piece);
    return this;
  }

  /** The whole message. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  #key(field: number, wireType: number): void {
    this.#append(varint(field * 8 + wireType));
  }

  #append(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}

/** Base-128 digits, lowest first, all but the last marked by their high bit; two's complement. */
function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
