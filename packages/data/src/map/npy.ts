import { MienError, printable } from "@mien/format";

/** A matrix of float32 values. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] row-major. */
  readonly values: Float32Array;
}

const MAGIC = "\u0093NUMPY";
/** Bytes of the magic string and of the two numbers of the version. */
const HEAD = 8;

/**
 * Reads a matrix from the content of a .npy file, versions 1 to 3, float32 in C order.
 *
 * @param file its path, for messages.
 * @throws {MienError} `bad-data` if it is anything else.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function parseNpy(content: Uint8Array, file: string): Matrix {
  const fail = (found: string): never => {
    throw new MienError(
      "bad-data",
      `${file}: expected a .npy file with a float32 matrix in C order, found ${found}`,
      { advice: "`npx nx run train:crossval` writes such a file." },
    );
  };
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) fail("another kind of file");
  const isFirst = bytes[MAGIC.length] === 1;
  const start = HEAD + (isFirst ? 2 : 4);
  if (bytes.length < start) fail("a file that ends in its header");
  const length = isFirst ? bytes.readUInt16LE(HEAD) : bytes.readUInt32LE(HEAD);
  const header = bytes.toString("latin1", start, start + length);
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "";
  if (type !== "<f4") fail(`values of the type "${printable(type)}"`);
  if (!/'fortran_order':\s*False/.test(header)) fail("Fortran order");
  const shape = /'shape':\s*\((\d+),\s*(\d+)\)/.exec(header);
  if (shape === null) return fail(`the header ${printable(header.trim().slice(0, 100))}`);
  const [rows, columns] = [Number(shape[1]), Number(shape[2])];
  const data = bytes.subarray(start + length);
  if (data.length !== 4 * rows * columns) {
    fail(`${data.length} bytes of values instead of ${4 * rows * columns}`);
  }
  if (rows < 1 || columns < 1) fail("no values");
  // Copied, because a Float32Array must begin at a multiple of four bytes.
  const values = new Float32Array(Uint8Array.from(data).buffer);
  if (!values.every(Number.isFinite)) fail("values that are not finite");
  return { rows, columns, values };
}
