import { MienError } from "@mien/format";
import { sizeOf } from "../graph/array.ts";
import type { FloatTensor } from "../rewrite/quantisation-ranges.ts";

/** The types of numbers that are read, by their names in the file. */
const TYPES: Readonly<Record<string, (bytes: ArrayBuffer) => ArrayLike<number>>> = {
  "<f4": (bytes) => new Float32Array(bytes),
  "<f8": (bytes) => new Float64Array(bytes),
  "|u1": (bytes) => new Uint8Array(bytes),
};

/**
 * Parses a file that `numpy.save` has written.
 *
 * @param name the file's name, for errors.
 * @throws {MienError} `bad-data` if it is no such file, or holds other numbers than float32, float64
 * or uint8.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function parseNpy(bytes: Uint8Array, name: string): FloatTensor {
  const fail = (problem: string): never => {
    throw new MienError("bad-data", `${name} ${problem}`, {
      advice: "Write it with numpy.save, as an array [N, …] of float32.",
    });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0) !== 0x934e554d) return fail("is not a .npy file");
  const isFirst = bytes[6] === 1;
  const start = isFirst ? 10 : 12;
  const end = start + (isFirst ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));
  const [, type = "?"] = /'descr': *'([^']*)'/.exec(header) ?? [];
  const [, sizes] = /'shape': *\(([\d, ]*)\)/.exec(header) ?? [];
  const read = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (read === undefined) {
    return fail(`holds numbers of the type ${type}, known are ${Object.keys(TYPES).join(", ")}`);
  }
  if (sizes === undefined || /'fortran_order': *True/.test(header)) {
    return fail("is not stored row by row");
  }
  const shape = sizes
    .split(",")
    .filter((size) => size.trim() !== "")
    .map(Number);
  // Copied, because a typed array must begin at a multiple of its element size.
  const content = Uint8Array.from(bytes.subarray(end)).buffer;
  const each = type === "|u1" ? 1 : Number(type.at(-1));
  if (content.byteLength !== sizeOf(shape) * each) {
    return fail(
      `should hold ${sizeOf(shape) * each} bytes of numbers, found ${content.byteLength}`,
    );
  }
  return { shape, data: Float32Array.from(read(content)) };
}
