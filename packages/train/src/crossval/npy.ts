import type { Features } from "../network/trained-model.ts";

/**
 * Encodes features as a NumPy file of float32 [images, width] (NumPy Enhancement Proposal 1, version
 * 1.0), which `numpy.load` reads.
 */
export function encodeNpy({ width, values }: Features): Uint8Array[] {
  const shape = `(${values.length / width}, ${width})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  // The values start at a multiple of 64 bytes.
  const start = 10 + text.length + 1;
  const padded = `${text}${" ".repeat((64 - (start % 64)) % 64)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\0\0${padded}`, "latin1");
  head.writeUInt16LE(padded.length, 8);
  return [head, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];
}
