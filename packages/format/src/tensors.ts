import { MienError, messageOf } from "./errors.ts";

/** A typed array with its shape; `data.length` is the product of `shape`. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Uint32Array | Int32Array;
}

/** Tensors by name, with free text beside them. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, NamedTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

const DTYPES = {
  F32: Float32Array,
  U8: Uint8Array,
  U32: Uint32Array,
  I32: Int32Array,
} as const;
type Dtype = keyof typeof DTYPES;

interface HeaderEntry {
  dtype: Dtype;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Encodes tensors in the safetensors layout (a JSON header, then raw little-endian data), so that
 * Python's `safetensors` package opens mien's caches, checkpoints and references as they are.
 *
 * Data starts on a multiple of 8 bytes and tensors follow in order of element size, so that
 * `decodeTensors` can return views instead of copies.
 *
 * @returns the parts of the file in order; write them one after the other.
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeTensors(file: TensorFile): Uint8Array[] {
  const names = Object.keys(file.tensors).sort(
    (a, b) => bytesPerElement(file, b) - bytesPerElement(file, a) || (a < b ? -1 : 1),
  );
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (Object.keys(file.metadata).length > 0) header["__metadata__"] = { ...file.metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const name of names) {
    const { shape, data } = file.tensors[name] as NamedTensor;
    const size = shape.reduce((product, n) => product * n, 1);
    if (size !== data.length) {
      throw new Error(`tensor ${name} has shape [${shape.join(", ")}] but ${data.length} values`);
    }
    header[name] = {
      dtype: dtypeOf(data),
      shape: [...shape],
      data_offsets: [offset, offset + data.byteLength],
    };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  let json = JSON.stringify(header);
  // The format allows trailing spaces in the header; they align the data that follows.
  json = json.padEnd(json.length + ((8 - (new TextEncoder().encode(json).length % 8)) % 8));
  const text = new TextEncoder().encode(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return [length, text, ...parts];
}

/**
 * Decodes a file in the safetensors layout.
 *
 * @param bytes the whole file; the returned tensors are views into it where alignment allows.
 * @param name what to call the file in errors.
 * @throws {MienError} `bad-data` if the file is cut off, not in this layout, or holds a data type
 * other than F32, U8, U32 and I32.
 */
export function decodeTensors(bytes: Uint8Array, name: string): TensorFile {
  const fail = (found: string): never => {
    throw new MienError("bad-data", `${name} is not a whole safetensors file: ${found}`);
  };
  if (bytes.length < 8) return fail(`it has only ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerEnd = 8 + Number(view.getBigUint64(0, true));
  if (headerEnd > bytes.length) return fail(`its header would end at byte ${headerEnd}`);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, headerEnd))) as typeof header;
  } catch (error) {
    return fail(`its header is not JSON (${messageOf(error)})`);
  }
  if (typeof header !== "object" || header === null) return fail("its header is not an object");
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors: Record<string, NamedTensor> = {};
  for (const [key, entry] of Object.entries(entries)) {
    if (!isHeaderEntry(entry)) return fail(`the header entry of ${key} is malformed`);
    const [start, end] = entry.data_offsets;
    const size = entry.shape.reduce((product, n) => product * n, 1);
    const ArrayType = DTYPES[entry.dtype];
    if (end - start !== size * ArrayType.BYTES_PER_ELEMENT) {
      return fail(`${key} has ${end - start} bytes of data for shape [${entry.shape.join(", ")}]`);
    }
    if (headerEnd + end > bytes.length) {
      return fail(`${key} would end at byte ${headerEnd + end} of ${bytes.length}`);
    }
    const at = bytes.byteOffset + headerEnd + start;
    const aligned = at % ArrayType.BYTES_PER_ELEMENT === 0;
    const buffer = aligned ? bytes.buffer : bytes.slice(headerEnd + start, headerEnd + end).buffer;
    tensors[key] = {
      shape: entry.shape,
      data: new ArrayType(buffer as ArrayBuffer, aligned ? at : 0, size),
    };
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

/**
 * One tensor of a decoded file, checked for its type.
 *
 * @throws {MienError} `bad-data` if it is missing or of another type.
 */
export function tensorOf<K extends Dtype>(
  file: TensorFile,
  key: string,
  dtype: K,
): { shape: readonly number[]; data: InstanceType<(typeof DTYPES)[K]> } {
  const tensor = file.tensors[key];
  if (tensor === undefined || dtypeOf(tensor.data) !== dtype) {
    const found = tensor === undefined ? "no such tensor" : dtypeOf(tensor.data);
    throw new MienError("bad-data", `expected a ${dtype} tensor named ${key}, found ${found}`);
  }
  return tensor as { shape: readonly number[]; data: InstanceType<(typeof DTYPES)[K]> };
}

function dtypeOf(data: NamedTensor["data"]): Dtype {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Uint8Array) return "U8";
  return data instanceof Uint32Array ? "U32" : "I32";
}

function bytesPerElement(file: TensorFile, name: string): number {
  return (file.tensors[name] as NamedTensor).data.BYTES_PER_ELEMENT;
}

function isHeaderEntry(value: unknown): value is HeaderEntry {
  const entry = value as Partial<HeaderEntry> | null;
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  return (
    typeof entry === "object" &&
    entry !== null &&
    Object.hasOwn(DTYPES, String(entry.dtype)) &&
    Array.isArray(entry.shape) &&
    entry.shape.every(isCount) &&
    Array.isArray(entry.data_offsets) &&
    entry.data_offsets.length === 2 &&
    entry.data_offsets.every(isCount)
  );
}
