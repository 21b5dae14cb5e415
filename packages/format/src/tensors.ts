import { MienError, messageOf } from "./errors.ts";
import { isRecord } from "./type-guards.ts";

/** A typed array with its shape; `data.length` is the product of `shape`. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Uint32Array | Int32Array;
}

/** Tensors by name, with free text as metadata. */
export interface TensorFile {
  readonly tensors: Readonly<Record<string, NamedTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The data types of the format that mien reads and writes. */
interface DtypeArrays {
  readonly F32: Float32Array;
  readonly U8: Uint8Array;
  readonly U32: Uint32Array;
  readonly I32: Int32Array;
}
type Dtype = keyof DtypeArrays;

interface DtypeReader {
  readonly bytesPerElement: number;
  /** A view into a buffer; `at` is a multiple of `bytesPerElement`. */
  view(buffer: ArrayBufferLike, at: number, length: number): NamedTensor["data"];
}

const DTYPES: Readonly<Record<Dtype, DtypeReader>> = {
  F32: { bytesPerElement: 4, view: (buffer, at, length) => new Float32Array(buffer, at, length) },
  U8: { bytesPerElement: 1, view: (buffer, at, length) => new Uint8Array(buffer, at, length) },
  U32: { bytesPerElement: 4, view: (buffer, at, length) => new Uint32Array(buffer, at, length) },
  I32: { bytesPerElement: 4, view: (buffer, at, length) => new Int32Array(buffer, at, length) },
};

interface HeaderEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte and the byte after the last one, counted from the end of the header. */
  readonly data_offsets: readonly [number, number];
}

/** Data starts on a multiple of this, in bytes. */
const ALIGNMENT = 8;

/**
 * Encodes tensors in the safetensors layout (a JSON header, then raw little-endian data), so that
 * Python's `safetensors` package opens mien's caches, checkpoints and references as they are.
 *
 * Data starts on a multiple of 8 bytes and tensors follow in order of element size, so that
 * `decodeTensors` can return views instead of copies.
 *
 * @returns the parts of the file in order; write them one after the other.
 * @throws {Error} if the data of a tensor does not fit its shape.
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeTensors(file: TensorFile): Uint8Array[] {
  const entries = Object.entries(file.tensors).sort(
    ([nameA, a], [nameB, b]) =>
      b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || (nameA < nameB ? -1 : 1),
  );
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (Object.keys(file.metadata).length > 0) header["__metadata__"] = { ...file.metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of entries) {
    if (sizeOf(shape) !== data.length) {
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
  const text = new TextEncoder().encode(JSON.stringify(header));
  // The format allows trailing spaces in the header; they align the data that follows.
  const padded = new Uint8Array(Math.ceil(text.length / ALIGNMENT) * ALIGNMENT).fill(0x20);
  padded.set(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [length, padded, ...parts];
}

/** Where the data of a tensor is in a file. */
interface TensorPlace {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly start: number;
  /** The byte after the last one. */
  readonly end: number;
}

/** The beginning of a file in the safetensors layout. */
interface TensorHeader {
  readonly places: Readonly<Record<string, TensorPlace>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The number of bytes of a safetensors file before its data.
 *
 * @param start the first 8 bytes, or more.
 * @throws {MienError} `bad-data` if there are fewer.
 */
export function tensorHeaderBytes(start: Uint8Array, name: string): number {
  if (start.length < 8) throw notWhole(name, `it has only ${start.length} bytes`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  return 8 + Number(view.getBigUint64(0, true));
}

/**
 * Decodes the beginning of a file in the safetensors layout, so that the data can be read by ranges.
 *
 * @param bytes the beginning of the file: at least as many bytes as `tensorHeaderBytes`.
 * @param size of the whole file, in bytes.
 * @throws {MienError} as `decodeTensors`.
 */
export function decodeTensorHeader(
  bytes: Uint8Array,
  { name, size }: { readonly name: string; readonly size: number },
): TensorHeader {
  const fail = (found: string): never => {
    throw notWhole(name, found);
  };
  const headerEnd = tensorHeaderBytes(bytes, name);
  if (headerEnd > bytes.length) return fail(`its header would end at byte ${headerEnd}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, headerEnd)));
  } catch (error) {
    return fail(`its header is not JSON (${messageOf(error)})`);
  }
  if (!isRecord(header)) return fail("its header is not an object");
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isTextRecord(metadata)) return fail("its metadata holds a value that is not text");
  const places: Record<string, TensorPlace> = {};
  for (const [key, entry] of Object.entries(entries)) {
    if (!isHeaderEntry(entry)) return fail(`the header entry of ${key} is malformed`);
    const { shape, dtype } = entry;
    const [start, end] = entry.data_offsets;
    if (end - start !== sizeOf(shape) * DTYPES[dtype].bytesPerElement) {
      return fail(`${key} has ${end - start} bytes of data for shape [${shape.join(", ")}]`);
    }
    if (headerEnd + end > size) {
      return fail(`${key} would end at byte ${headerEnd + end} of ${size}`);
    }
    places[key] = { dtype, shape, start: headerEnd + start, end: headerEnd + end };
  }
  return { places, metadata };
}

/**
 * Decodes a file in the safetensors layout.
 *
 * @param bytes the whole file; the returned tensors are views into it where alignment allows.
 * @param name of the file in errors.
 * @throws {MienError} `bad-data` if the file is cut off, not in this layout, or holds a data type
 * other than F32, U8, U32 and I32.
 */
export function decodeTensors(bytes: Uint8Array, name: string): TensorFile {
  const { places, metadata } = decodeTensorHeader(bytes, { name, size: bytes.length });
  const tensors: Record<string, NamedTensor> = {};
  for (const [key, { shape, start, end, dtype: type }] of Object.entries(places)) {
    const dtype = DTYPES[type];
    const at = bytes.byteOffset + start;
    const isAligned = at % dtype.bytesPerElement === 0;
    const data = isAligned
      ? dtype.view(bytes.buffer, at, sizeOf(shape))
      : dtype.view(bytes.slice(start, end).buffer, 0, sizeOf(shape));
    tensors[key] = { shape, data };
  }
  return { tensors, metadata };
}

function notWhole(name: string, found: string): MienError {
  return new MienError("bad-data", `${name} is not a whole safetensors file: ${found}`);
}

/**
 * Takes one tensor from a decoded file and checks its data type.
 *
 * @throws {MienError} `bad-data` if it is missing or of another type.
 */
export function tensorOf<K extends Dtype>(
  file: TensorFile,
  key: string,
  dtype: K,
): { shape: readonly number[]; data: DtypeArrays[K] } {
  const tensor = file.tensors[key];
  if (tensor === undefined || !isOfType(tensor.data, dtype)) {
    const found = tensor === undefined ? "no such tensor" : dtypeOf(tensor.data);
    throw new MienError("bad-data", `expected a ${dtype} tensor named ${key}, found ${found}`);
  }
  return { shape: tensor.shape, data: tensor.data };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function dtypeOf(data: NamedTensor["data"]): Dtype {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Uint8Array) return "U8";
  return data instanceof Uint32Array ? "U32" : "I32";
}

function isOfType<K extends Dtype>(
  data: NamedTensor["data"],
  dtype: K,
): data is NamedTensor["data"] & DtypeArrays[K] {
  return dtypeOf(data) === dtype;
}

function isTextRecord(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === "string");
}

function isHeaderEntry(value: unknown): value is HeaderEntry {
  if (!isRecord(value)) return false;
  const { dtype, shape, data_offsets: offsets } = value;
  const isCount = (n: unknown) => typeof n === "number" && Number.isSafeInteger(n) && n >= 0;
  return (
    typeof dtype === "string" &&
    Object.hasOwn(DTYPES, dtype) &&
    Array.isArray(shape) &&
    shape.every(isCount) &&
    Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every(isCount)
  );
}
